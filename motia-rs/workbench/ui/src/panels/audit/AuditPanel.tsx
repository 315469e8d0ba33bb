/** What people changed, the newest first. */

import { useQuery } from '@tanstack/react-query'
import { ShieldCheck } from 'lucide-react'
import { get } from '~/api/http'
import { audit } from '~/api/queries'
import type { AuditLine, Page as PageOf } from '~/api/shapes'
import { DataGrid } from '~/lists/DataGrid'
import type { Column } from '~/lists/types'
import { useFilters } from '~/lists/useFilters'
import { usePages } from '~/lists/usePages'
import { Ago } from '~/ui/Ago'
import { Badge } from '~/ui/Badge'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { Search } from '~/ui/Search'
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
  const filter = { limit: 200 }
  const query = useQuery(audit(filter))
  const pages = usePages(query.data, 'audit', (cursor) =>
    get<PageOf<AuditLine>>('/audit', { ...filter, cursor }),
  )
  const wanted = (filters.q ?? '').toLowerCase()
  const shown = pages.items.filter((line) =>
    `${line.did} ${whatOf(line)} ${line.by}`.toLowerCase().includes(wanted),
  )
  const open = pages.items.find((line) => keyOf(line) === filters.line)
  return (
    <Page
      title="Audit"
      about="What people changed, the newest first"
      controls={
        <Search
          label="Find in the audit"
          value={filters.q ?? ''}
          onChange={(q) => set({ q })}
          className="w-64 max-sm:w-full"
        />
      }
    >
      <Loaded of={query}>
        {() =>
          shown.length > 0 ? (
            <DataGrid
              label="Audit"
              items={shown}
              columns={COLUMNS}
              keyOf={keyOf}
              open={filters.line}
              linkOf={(line) => ({ to: '.', search: (before) => ({ ...before, line: keyOf(line) }) })}
              onEnd={pages.more}
            />
          ) : (
            <Empty
              icon={ShieldCheck}
              title={pages.items.length > 0 ? 'Nothing fits' : 'Nobody changed anything yet'}
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
