/** What people changed, the newest first. */

import { useQuery } from '@tanstack/react-query'
import { ShieldCheck } from 'lucide-react'
import { get } from '~/api/http'
import { audit } from '~/api/queries'
import type { AuditLine, Page as PageOf } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import { ClearFilters, SearchFilter, SinceFilter } from '~/lists/filters'
import type { Column } from '~/lists/types'
import { pick, useFilters } from '~/lists/useFilters'
import { usePages } from '~/lists/usePages'
import { Ago } from '~/ui/Ago'
import { Badge } from '~/ui/Badge'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { Text } from '~/ui/Text'
import { AuditDrawer } from './AuditDrawer'
import { keyOf, whatOf } from './line'

const COLUMNS: Column<AuditLine>[] = [
  {
    key: 'did',
    title: 'What was done',
    width: 'minmax(10rem, 18rem)',
    narrow: 'minmax(0, 1fr)',
    cell: ({ did, status }) => (
      <>
        <Text of={did} isMono />
        {status !== undefined && <Badge tone="bad">{status}</Badge>}
      </>
    ),
  },
  {
    key: 'what',
    title: 'To what',
    width: 'minmax(10rem, 1fr)',
    narrow: 'minmax(0, 1fr)',
    cell: (line) => <Text of={whatOf(line)} isMono className="text-soft" />,
  },
  { key: 'by', title: 'By', width: 'minmax(8rem, 14rem)', cell: ({ by }) => <Text of={by} /> },
  {
    key: 'from',
    title: 'From',
    width: '9rem',
    cell: ({ from }) => <Text of={from ?? ''} isMono className="text-faint" />,
  },
  {
    key: 'at',
    title: 'When',
    width: '6rem',
    narrow: '4.5rem',
    isNumber: true,
    cell: ({ at }) => <Ago at={at} />,
  },
]

export default function AuditPanel() {
  const [filters, set] = useFilters()
  const asked = pick(filters, 'text', 'by', 'did', 'since', 'until')
  const filter = { ...asked, limit: 200 }
  const query = useQuery(audit(filter))
  const pages = usePages(query, JSON.stringify(filter), (cursor) =>
    get<PageOf<AuditLine>>('/audit', { ...filter, cursor }),
  )
  const isFiltered = Object.keys(asked).length > 0
  const open = pages.items.find((line) => keyOf(line) === filters.line)
  return (
    <Page
      title="Audit"
      about="What people changed, the newest first"
      controls={
        <>
          <SearchFilter name="text" label="Find in the audit" placeholder="Who, what was done, or to what" />
          <SinceFilter />
          <ClearFilters />
        </>
      }
    >
      <Loaded of={query}>
        {() =>
          pages.items.length > 0 ? (
            <DataGrid
              label="Audit"
              items={pages.items}
              columns={COLUMNS}
              keyOf={keyOf}
              open={filters.line}
              linkOf={(line) => ({ to: '.', search: (before) => ({ ...before, line: keyOf(line) }) })}
              onEnd={pages.more}
            />
          ) : (
            <Empty
              icon={ShieldCheck}
              title={isFiltered ? 'Nothing fits' : 'Nobody changed anything yet'}
              commands={['cargo run -- audit']}
            >
              Whoever pauses a queue, edits state or redrives a letter is noted here.
            </Empty>
          )
        }
      </Loaded>
      {open && <AuditDrawer line={open} onClose={() => set({ line: '' })} />}
    </Page>
  )
}
