/** The name of a step, with its kind, leading to what is known of it. */

import { Link } from '@tanstack/react-router'
import type { Kind } from '~/api/shapes'
import { KindMark } from '~/ui/KindMark'
import { Text } from '~/ui/Text'

type Props = { name: string; kind?: Kind | undefined }

export function StepName({ name, kind }: Props) {
  return (
    <Link
      to={'/steps/$step' as string}
      params={{ step: name } as never}
      search={{} as never}
      className="relative z-10 inline-flex min-w-0 items-center gap-1.5 hover:underline"
    >
      {kind && <KindMark kind={kind} />}
      <Text of={name} />
    </Link>
  )
}
