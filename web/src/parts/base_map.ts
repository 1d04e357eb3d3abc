// The picture tiles that a deployment lays under its maps (server option --base-map). Where there are none, or they do not come, the
// maps stand on the outlines that the client carries.
import type OlMap from 'ol/Map'
import TileLayer from 'ol/layer/Tile'
import XYZ from 'ol/source/XYZ'
import { call } from '../base/http'

interface BaseMap {
    layers: { url: string }[]
    attribution: string
}
const none: BaseMap = { layers: [], attribution: '' }
/** So many tiles in a row that do not come mean that the service is not to be had. */
const failuresMost = 4
const againMs = 60_000

let asked: Promise<BaseMap> | null = null
const ask = () => (asked ??= call<BaseMap>('GET', '/api/base-map').catch(() => none))

/** `onShown` is told whenever tiles begin or cease to show; with what must be said of whose they are. */
export async function layBaseMap(map: OlMap, onShown: (shown: boolean, attribution: string) => void) {
    const { layers, attribution } = await ask()
    let failures = 0
    let shown = false
    const tell = (now: boolean) => {
        failures = 0
        if (now !== shown) onShown((shown = now), now ? attribution : '')
    }
    const laid = layers.map(({ url }, at) => {
        const source = new XYZ({ url, maxZoom: 18, transition: 0 })
        const layer = new TileLayer({ source, zIndex: at - layers.length, className: 'ol-layer base-tiles' })
        source.on('tileloadend', () => tell(true))
        source.on('tileloaderror', () => ++failures >= failuresMost && giveUp())
        return layer
    })
    function giveUp() {
        tell(false)
        for (const layer of laid) layer.setVisible(false)
        setTimeout(() => {
            if (map.getTarget()) for (const layer of laid) layer.setVisible(true)
        }, againMs)
    }
    for (const layer of laid) map.addLayer(layer)
}
