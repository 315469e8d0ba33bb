/** All that can be found: panels, flows, steps, endpoints, queues, actions. */

import { useQuery } from '@tanstack/react-query'
import {
  Inbox,
  Keyboard,
  type LucideIcon,
  Network,
  PanelsTopLeft,
  Pause,
  Play,
  Send,
  SunMoon,
  Zap,
} from 'lucide-react'
import { useMemo } from 'react'
import { pauseQueue, resumeQueue, runCron } from '~/api/actions'
import { app, flows, queues, steps } from '~/api/queries'
import { KINDS } from '~/ui/KindMark'
import { ALL_PANELS } from '../nav'
import { turnTheme } from '../theme'
import { useAction } from '../useAction'
import { useRefused } from '../useRole'

type Thing = {
  id: string
  title: string
  about: string
  sort: string
  icon: LucideIcon
  weight: number
  hint?: string
}
type Place = { to: string; params?: Record<string, string>; search?: Record<string, string> }
export type Found = Thing & (Place | { does: () => void })

export function useThings(showKeys: () => void): Found[] {
  const info = useQuery(app()).data
  const allSteps = useQuery(steps()).data
  const allFlows = useQuery(flows()).data
  const allQueues = useQuery(queues()).data
  const refused = useRefused()
  const pause = useAction({ do: pauseQueue, touches: ['queues'], done: (_, step) => `${step} is paused` })
  const resume = useAction({ do: resumeQueue, touches: ['queues'], done: (_, step) => `${step} goes on` })
  const fire = useAction({
    do: runCron,
    touches: ['cron', 'runs'],
    done: ({ step, traceId }) => [`${step} runs`, `/__motia/traces/${traceId}`],
  })

  return useMemo(() => {
    const things: Found[] = ALL_PANELS.map(({ to, title, icon, key, about }, at) => ({
      id: `panel ${to}`,
      title,
      about,
      sort: 'Panel',
      icon,
      weight: 40 - at,
      hint: key,
      to,
    }))
    for (const { name, title } of info?.panels ?? []) {
      const place = { to: '/panel/$name', params: { name } }
      things.push({
        id: `panel ${name}`,
        title,
        about: 'A panel of this app',
        sort: 'Panel',
        icon: PanelsTopLeft,
        weight: 20,
        ...place,
      })
    }
    for (const { name, description } of allFlows ?? []) {
      const place = { to: '/flows/$flow', params: { flow: name } }
      things.push({
        id: `flow ${name}`,
        title: name,
        about: description,
        sort: 'Flow',
        icon: Network,
        weight: 15,
        ...place,
      })
    }
    for (const { name, kind, trigger, description } of allSteps ?? []) {
      const about = description || trigger
      const place = { to: '/steps/$step', params: { step: name } }
      things.push({
        id: `step ${name}`,
        title: name,
        about,
        sort: KINDS[kind]?.word ?? 'Step',
        icon: KINDS[kind]?.icon ?? Zap,
        weight: 10,
        ...place,
      })
      if (kind === 'api') {
        const to = { to: '/endpoints/$step', params: { step: name } }
        things.push({
          id: `try ${name}`,
          title: trigger,
          about: `Try ${name}`,
          sort: 'Endpoint',
          icon: Send,
          weight: 8,
          ...to,
        })
      }
      if (kind === 'cron' && !refused) {
        const does = () => fire.mutate(name)
        things.push({
          id: `fire ${name}`,
          title: `Run ${name} now`,
          about: trigger,
          sort: 'Action',
          icon: Play,
          weight: 4,
          does,
        })
      }
    }
    for (const { queue, paused } of allQueues ?? []) {
      const place = { to: '/queues/$step', params: { step: queue } }
      things.push({
        id: `queue ${queue}`,
        title: `Queue of ${queue}`,
        about: '',
        sort: 'Queue',
        icon: Inbox,
        weight: 5,
        ...place,
      })
      if (refused) continue
      const verb = paused ? 'Resume' : 'Pause'
      const does = () => (paused ? resume : pause).mutate(queue)
      things.push({
        id: `turn ${queue}`,
        title: `${verb} ${queue}`,
        about: `${verb} its queue`,
        sort: 'Action',
        icon: paused ? Play : Pause,
        weight: 3,
        does,
      })
    }
    things.push({
      id: 'theme',
      title: 'Turn light or dark',
      about: 'Theme',
      sort: 'Action',
      icon: SunMoon,
      weight: 2,
      does: turnTheme,
    })
    things.push({
      id: 'keys',
      title: 'Show the keys',
      about: '',
      sort: 'Action',
      icon: Keyboard,
      weight: 1,
      does: showKeys,
    })
    return things
  }, [
    info,
    allSteps,
    allFlows,
    allQueues,
    refused,
    pause.mutate,
    resume.mutate,
    fire.mutate,
    showKeys,
    fire,
    pause,
    resume,
  ])
}
