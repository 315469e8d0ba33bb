/** Lists that change while somebody looks: the streams, their groups, and a group watched live. */

import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Radio } from 'lucide-react'
import { streams } from '~/api/queries'
import { SearchFilter } from '~/lists/filters'
import { useFilters } from '~/lists/useFilters'
import { classes } from '~/ui/classes'
import { Empty } from '~/ui/Empty'
import { Loaded } from '~/ui/Loaded'
import { Page } from '~/ui/Page'
import { StreamGroups } from './StreamGroups'
import { StreamList } from './StreamList'
import { Watching } from './Watching'

export default function StreamsPanel() {
  const { stream, group } = useParams({ strict: false }) as { stream?: string; group?: string }
  const [filters] = useFilters()
  const query = useQuery(streams())
  return (
    <Page
      title="Streams"
      about="Lists that change while you look"
      controls={<SearchFilter label="Find a stream or group" />}
    >
      <Loaded of={query}>
        {(all) => {
          if (all.length === 0) {
            return (
              <Empty icon={Radio} title="The app has no streams" commands={['cargo run --example streams']}>
                A list that is declared with <code className="font-mono text-xs">stream!</code> is shown here.
              </Empty>
            )
          }
          const wanted = (filters.q ?? '').toLowerCase()
          const shown = all.filter(({ name }) => name === stream || name.toLowerCase().includes(wanted))
          return (
            <div className="flex h-full">
              <div
                className={classes(
                  'h-full w-full shrink-0 border-line md:w-60 md:border-r',
                  stream && 'max-md:hidden',
                )}
              >
                <StreamList streams={shown} chosen={stream} />
              </div>
              {stream && (
                <div
                  className={classes(
                    'h-full w-full shrink-0 border-line md:w-60 md:border-r',
                    group !== undefined && 'max-md:hidden',
                  )}
                >
                  <StreamGroups key={stream} stream={stream} chosen={group} wanted={wanted} />
                </div>
              )}
              <div className={classes('h-full min-w-0 flex-1', group === undefined && 'max-md:hidden')}>
                {stream && group !== undefined ? (
                  <Watching key={`${stream}/${group}`} stream={stream} group={group} />
                ) : (
                  <Empty icon={Radio} title={stream ? 'Choose a group to watch it' : 'Choose a stream'} />
                )}
              </div>
            </div>
          )
        }}
      </Loaded>
    </Page>
  )
}
