/** One log line with all its fields. */

import { Link } from '@tanstack/react-router'
import type { LogLine } from '~/api/shapes'
import { StepName } from '~/app/StepName'
import { TraceLink } from '~/app/TraceLink'
import { JsonView } from '~/json/JsonView'
import { fullTime } from '~/text/format'
import { classes } from '~/ui/classes'
import { Drawer } from '~/ui/Drawer'
import { Facts } from '~/ui/Facts'
import { Section } from '~/ui/Section'
import { Text } from '~/ui/Text'
import { LEVEL_TEXT } from './levels'

export function LineDrawer({ line, onClose }: { line: LogLine; onClose: () => void }) {
  return (
    <Drawer name={`Log line ${line.id}`} title="Log line" onClose={onClose}>
      <Section title="It says">
        <Text of={line.message} isWhole className="text-base" />
      </Section>
      <Section title="About it">
        <Facts
          facts={[
            [
              'Level',
              <span key="level" className={classes('font-semibold', LEVEL_TEXT[line.level])}>
                {line.level}
              </span>,
            ],
            ['At', fullTime(line.at)],
            line.step && ['Step', <StepName key="step" name={line.step} />],
            line.traceId && [
              'Trace',
              <span key="trace" className="flex flex-wrap items-center gap-3">
                <TraceLink trace={line.traceId} isWhole />
                <Link
                  to={'/logs' as string}
                  search={{ trace: line.traceId } as never}
                  className="text-accent underline"
                >
                  its lines
                </Link>
              </span>,
            ],
            ['Written by', <Text key="target" of={line.target} isMono isWhole />],
          ]}
        />
      </Section>
      {line.fields && (
        <Section title="Fields">
          <JsonView value={line.fields} label="Fields" />
        </Section>
      )}
    </Drawer>
  )
}
