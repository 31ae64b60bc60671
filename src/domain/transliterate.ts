/** Text in ASCII: diacritics fall away, other letters are written as they are usually transcribed. */

const letters: Record<string, string> = {
  ß: 'ss', ẞ: 'SS', æ: 'ae', Æ: 'AE', œ: 'oe', Œ: 'OE', ø: 'o', Ø: 'O', ł: 'l', Ł: 'L', đ: 'd', Đ: 'D', ð: 'd', Ð: 'D', þ: 'th', Þ: 'Th',
  ħ: 'h', Ħ: 'H', ı: 'i', ĸ: 'k', ŀ: 'l', Ŀ: 'L', ŋ: 'n', Ŋ: 'N', ŧ: 't', Ŧ: 'T', ə: 'a', Ə: 'A', ƒ: 'f', ŉ: 'n',
  '’': "'", '‘': "'", '‚': "'", '“': '"', '”': '"', '„': '"', '–': '-', '—': '-', '‐': '-', '‑': '-', '−': '-', '…': '...', '\u00a0': ' ', '\u202f': ' ', '€': 'EUR',
  ...cases({
    // Cyrillic (Russian, Ukrainian, Serbian, Bulgarian)
    а: 'a', б: 'b', в: 'v', г: 'g', ґ: 'g', д: 'd', е: 'e', ё: 'e', є: 'ie', ж: 'zh', з: 'z', и: 'i', і: 'i', ї: 'i', й: 'i', к: 'k', л: 'l', м: 'm', н: 'n',
    о: 'o', п: 'p', р: 'r', с: 's', т: 't', у: 'u', ф: 'f', х: 'kh', ц: 'ts', ч: 'ch', ш: 'sh', щ: 'shch', ъ: '', ы: 'y', ь: '', э: 'e', ю: 'iu', я: 'ia',
    ђ: 'dj', ј: 'j', љ: 'lj', њ: 'nj', ћ: 'c', џ: 'dz', ў: 'u',
    // Greek
    α: 'a', β: 'v', γ: 'g', δ: 'd', ε: 'e', ζ: 'z', η: 'i', θ: 'th', ι: 'i', κ: 'k', λ: 'l', μ: 'm', ν: 'n', ξ: 'x', ο: 'o', π: 'p', ρ: 'r', σ: 's', τ: 't',
    υ: 'y', φ: 'f', χ: 'ch', ψ: 'ps', ω: 'o',
  }),
  ς: 's',
}

/** What has no transcription is left out. */
export function ascii(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text
  let result = ''
  for (const char of text.normalize('NFC')) {
    const known = letters[char]
    if (known !== undefined) result += known
    else for (const part of char.normalize('NFKD')) if (part < '\x80') result += part
    else result += letters[part] ?? ''
  }
  return result
}

function cases(lower: Record<string, string>): Record<string, string> {
  const both = { ...lower }
  for (const [char, written] of Object.entries(lower)) both[char.toUpperCase()] = written.charAt(0).toUpperCase() + written.slice(1)
  return both
}
