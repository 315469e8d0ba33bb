/** A run as a test, to be pasted into the file of its step. */

import { useQuery } from '@tanstack/react-query'
import { asTest } from '~/api/queries'
import { printable } from '~/text/printable'
import { CopyButton } from '~/ui/CopyButton'
import { Dialog } from '~/ui/Dialog'
import { Loaded } from '~/ui/Loaded'
import { Text } from '~/ui/Text'

export function AsTest({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useQuery(asTest(id))
  return (
    <Dialog title="This run as a test" isOpen isWide onClose={onClose}>
      <Loaded of={query}>
        {({ file, test }) => (
          <div className="space-y-2">
            <p className="flex items-center gap-2 text-soft">
              It belongs into <Text of={file} isMono />
              <CopyButton text={test} label="Copy the test" />
            </p>
            <pre
              tabIndex={0}
              className="max-h-[50vh] overflow-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs"
            >
              {printable(test)}
            </pre>
          </div>
        )}
      </Loaded>
    </Dialog>
  )
}
