/** A step by its kind and name. */

import { useQuery } from '@tanstack/react-query'
import { steps } from '~/api/queries'
import { KindMark } from '~/ui/KindMark'
import { Text } from '~/ui/Text'

export function StepTitle({ step }: { step: string }) {
  const { data } = useQuery(steps())
  const known = data?.find(({ name }) => name === step)
  return (
    <>
      {known && <KindMark kind={known.kind} />}
      <Text of={step} />
    </>
  )
}
