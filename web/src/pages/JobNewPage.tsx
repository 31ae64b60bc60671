export function JobNewPage() { return null }
