/** One change: who made it, and what was there before and after. */

import type { AuditLine } from '~/api/shapes'
import { JsonView } from '~/json/JsonView'
import { fullTime } from '~/text/format'
import { Drawer } from '~/ui/Drawer'
import { Facts } from '~/ui/Facts'
import { Section } from '~/ui/Section'
import { Text } from '~/ui/Text'
import { whatOf } from './line'

export function AuditDrawer({ line, onClose }: { line: AuditLine; onClose: () => void }) {
  return (
    <Drawer name={line.did} title={<Text of={line.did} />} onClose={onClose}>
      <Section title="Change">
        <Facts
          facts={[
            ['By', <Text key="by" of={line.by} isWhole />],
            line.role && ['Role', line.role],
            line.from && ['From', <Text key="from" of={line.from} isMono />],
            ['At', fullTime(line.at)],
            line.status !== undefined && ['Failed with', line.status],
            ['To what', <Text key="what" of={whatOf(line)} isMono isWhole />],
          ]}
        />
      </Section>
      {line.before !== undefined && line.before !== null && (
        <Section title="Before">
          <JsonView value={line.before} label="Before" />
        </Section>
      )}
      {line.after !== undefined && line.after !== null && (
        <Section title="After">
          <JsonView value={line.after} label="After" />
        </Section>
      )}
    </Drawer>
  )
}
