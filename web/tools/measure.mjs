// Prints what the browser must load, gzipped, to show each page the first time (charts included where a page draws one); fails
// above the limit.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const limitKib = 300
const portalKib = 80 // the public comes on cheap phones and slow networks
const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist')
const manifest = JSON.parse(readFileSync(join(dist, 'assets/manifest.json'), 'utf8'))

function collect(key, files = new Set(), seen = new Set()) {
    if (seen.has(key)) return files
    seen.add(key)
    const chunk = manifest[key]
    files.add(chunk.file)
    for (const css of chunk.css ?? []) files.add(css)
    for (const asset of chunk.assets ?? []) files.add(asset)
    for (const next of chunk.imports ?? []) collect(next, files, seen)
    return files
}

const kib = (file) => gzipSync(readFileSync(join(dist, file))).length / 1024
const pages = [
    ['portal.html'],
    ['login/LoginPage'],
    ['map/MapPage'],
    ['alarms/AlarmsPage'],
    ['record/RecordPage'],
    ['enterprise/EnterprisePage', 'src/base/charts.ts'],
]
let failed = false
for (const [page, ...later] of pages) {
    const keys = page.endsWith('.html') ? [page] : ['index.html', `src/pages/${page}.vue`, ...later]
    const files = [...new Set(keys.flatMap((key) => [...collect(key)]))]
    const sum = (end) => files.filter((f) => f.endsWith(end)).reduce((n, f) => n + kib(f), 0)
    const total = files.reduce((n, f) => n + kib(f), 0)
    const parts = `js ${sum('.js').toFixed(0)} + css ${sum('.css').toFixed(0)} + data ${sum('.json').toFixed(0)}`
    console.log(`${page.padEnd(26)} ${total.toFixed(0).padStart(4)} KiB gzip (${parts})`)
    if (total > (page === 'portal.html' ? portalKib : limitKib)) failed = true
}
if (failed) {
    console.error(`over ${limitKib} KiB (portal.html: ${portalKib})`)
    process.exit(1)
}
