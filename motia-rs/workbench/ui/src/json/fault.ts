/** What is wrong with a text that should be JSON, if something is. */
export function faultOf(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'no JSON'
  }
}
