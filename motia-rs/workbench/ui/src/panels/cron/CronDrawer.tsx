/** One schedule: the next times in its own zone, and its last runs. */

import type { CronStep } from '~/api/shapes'
import { StepRuns } from '~/panels/step/StepRuns'
import { zoned } from '~/text/format'
import { Ago } from '~/ui/Ago'
import { Drawer } from '~/ui/Drawer'
import { Facts } from '~/ui/Facts'
import { Section } from '~/ui/Section'
import { Text } from '~/ui/Text'
import { RunNow } from './RunNow'

const OVERLAP: Record<string, string> = {
  skip: 'a firing is left out while the last one still runs',
  queue: 'a firing waits until the last one has ended; at most one waits',
  allow: 'a firing runs beside the last one',
}

export function CronDrawer({ step, onClose }: { step: CronStep; onClose: () => void }) {
  return (
    <Drawer
      name={`Cron step ${step.step}`}
      title={<Text of={step.step} />}
      onClose={onClose}
      actions={<RunNow step={step} />}
    >
      <Section title="Schedule">
        <Facts
          facts={[
            ['Schedule', <Text key="schedule" of={step.schedule} isMono />],
            ['Time zone', <Text key="zone" of={step.timezone} />],
            ['Overlap', OVERLAP[step.overlap] ?? step.overlap],
            ['Missed firings', missed(step.catchUp)],
            ['Last fired', <Ago key="last" at={step.lastFired} />],
          ]}
        />
      </Section>
      <Section title={`Next, in ${step.timezone}`}>
        <ol className="space-y-1">
          {step.upcoming.map((at) => (
            <li key={at} className="flex justify-between gap-4">
              <span>{zoned(at, step.timezone)}</span>
              <span className="text-faint">
                <Ago at={at} />
              </span>
            </li>
          ))}
        </ol>
      </Section>
      <Section title="Last runs">
        <div className="-mx-4 h-80">
          <StepRuns step={step.step} />
        </div>
      </Section>
    </Drawer>
  )
}

function missed(catchUp: unknown): string {
  if (catchUp === 'none') return 'are left out'
  if (catchUp === 'last') return 'the last of them is made up for'
  const all = (catchUp as { all?: number } | null)?.all
  return all === undefined ? String(catchUp) : `each is made up for, at most ${all}`
}
