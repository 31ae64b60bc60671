/** A U that welcomes with both arms up. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" fill="#0f7594" />
      <path d="M8.5 8.5v8a7.5 7.5 0 0 0 15 0v-8" fill="none" stroke="#fff" strokeWidth="3.4" strokeLinecap="round" />
      <circle cx="16" cy="11" r="3.1" fill="#ffd48a" />
    </svg>
  )
}
