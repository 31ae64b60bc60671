// Runs before the first paint, so that nobody in the dark is blinded. A file of its own: inline scripts are not allowed.
{
  const chosen = localStorage.getItem('usher-scheme') ?? 'auto'
  const dark = chosen === 'dark' || (chosen === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
}
