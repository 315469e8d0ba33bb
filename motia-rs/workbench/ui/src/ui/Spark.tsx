/** A small line of the last values. */

type Props = { values: number[]; label: string; width?: number; height?: number }

export function Spark({ values, label, width = 96, height = 24 }: Props) {
  const most = Math.max(...values, Number.EPSILON)
  const least = Math.min(...values, 0)
  const step = width / Math.max(values.length - 1, 1)
  const y = (value: number) => height - 2 - ((value - least) / (most - least || 1)) * (height - 4)
  const points = values.map((value, at) => `${(at * step).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
  return (
    <svg role="img" aria-label={label} width={width} height={height} className="shrink-0 text-accent">
      <title>{label}</title>
      {values.length > 1 && (
        <>
          <polygon
            points={`0,${height} ${points} ${width},${height}`}
            fill="currentColor"
            className="opacity-10"
          />
          <polyline
            points={points}
            fill="none"
            stroke="currentColor"
            strokeWidth="1.5"
            strokeLinejoin="round"
          />
        </>
      )}
    </svg>
  )
}
