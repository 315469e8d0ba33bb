/** One step on a page of its own. */

import { useParams, useRouter } from '@tanstack/react-router'
import { ArrowLeft } from 'lucide-react'
import { IconButton } from '~/ui/IconButton'
import { Page } from '~/ui/Page'
import { StepSheet } from './StepSheet'

export default function StepPanel() {
  const { step = '' } = useParams({ strict: false }) as { step?: string }
  const router = useRouter()
  return (
    <Page
      title={step}
      before={<IconButton icon={ArrowLeft} label="Back" onClick={() => router.history.back()} />}
    >
      <StepSheet step={step} />
    </Page>
  )
}
