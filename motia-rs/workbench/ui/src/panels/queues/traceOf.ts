/** The trace that an event belongs to, however its context is written. */
export function traceOf(context: unknown): string | undefined {
  if (typeof context === 'string') {
    // A `traceparent`: 00-trace-span-flags.
    const [, trace] = context.split('-')
    return trace ?? context
  }
  if (typeof context === 'object' && context !== null) {
    const { traceId, trace_id } = context as Record<string, unknown>
    const trace = traceId ?? trace_id
    return typeof trace === 'string' ? trace : undefined
  }
  return undefined
}
