/** Fails when what a browser loads first is larger than its budget. */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'

const BUDGET = 400_000
const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist')

const page = readFileSync(join(dist, 'index.html'), 'utf8')
const named = [...page.matchAll(/(?:src|href)="\/__motia\/([^"]+)"/g)].map((found) => found[1])
const files = ['index.html', ...named]

let total = 0
for (const file of files) {
  const size = brotliCompressSync(readFileSync(join(dist, file))).length
  total += size
  console.log(`${String(size).padStart(8)}  ${file}`)
}
console.log(`${String(total).padStart(8)}  first load, of ${BUDGET} bytes (brotli)`)
process.exitCode = total > BUDGET ? 1 : 0
