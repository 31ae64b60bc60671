export function SystemNewPage() { return null }
