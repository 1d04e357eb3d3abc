// One layer of places on the map: asks the server for the marks of what is in view, when the view has come to rest, and draws them.
import Feature from 'ol/Feature'
import type OlMap from 'ol/Map'
import Point from 'ol/geom/Point'
import VectorLayer from 'ol/layer/Vector'
import { fromLonLat, transformExtent } from 'ol/proj'
import VectorSource from 'ol/source/Vector'
import { Circle, Fill, RegularShape, Stroke, Style, Text } from 'ol/style'
import { cssColour } from '../../base/look'
import { askPlaces, type Box, cellOf, type MapLayer, type PlaceItem, widened, worstOf } from './layers'

const restMs = 120
const radiusOf = (item: PlaceItem) =>
    item.count === 1 ? 7 : Math.min(24, 10 + 3.2 * Math.log10(item.count) * 2)
const short = (n: number) =>
    n < 1000 ? String(n) : n < 10_000 ? `${(n / 1000).toFixed(1)}k` : `${Math.round(n / 1000)}k`

function imageOf(layer: MapLayer, item: PlaceItem) {
    const worst = layer.by === 'priority' ? worstOf(item) : null
    const colour = worst
        ? cssColour(`--p${worst}`)
        : cssColour(layer.group === 'matters' ? '--ink-2' : '--accent')
    const fill = new Fill({ color: colour })
    const stroke = new Stroke({ color: cssColour('--panel'), width: 1.5 })
    const radius = worst ? radiusOf(item) + 5 : radiusOf(item)
    if (worst === 1) return new RegularShape({ points: 4, radius, fill, stroke })
    if (worst === 2) return new RegularShape({ points: 3, radius: radius + 2, fill, stroke })
    if (worst === 3) return new RegularShape({ points: 4, angle: Math.PI / 4, radius, fill, stroke })
    if (!worst && layer.group === 'matters')
        return new RegularShape({ points: 6, radius: radius + 1, fill, stroke })
    return new Circle({ radius, fill, stroke })
}

export class PlaceLayer {
    readonly layer: VectorLayer<VectorSource<Feature<Point>>>
    private readonly source = new VectorSource<Feature<Point>>()
    private readonly styles = new Map<string, Style>()
    private timer: ReturnType<typeof setTimeout> | undefined
    private asking: AbortController | null = null

    constructor(
        readonly about: MapLayer,
        private readonly map: OlMap,
        private readonly onCount: (count: number, problem: boolean) => void,
    ) {
        this.layer = new VectorLayer({
            source: this.source,
            zIndex: about.type === 'alarm' ? 6 : 5,
            style: (feature) => this.styleOf(feature.get('item') as PlaceItem),
        })
        map.addLayer(this.layer)
        map.on('moveend', this.refresh)
        this.refresh()
    }

    remove() {
        clearTimeout(this.timer)
        this.asking?.abort()
        this.map.un('moveend', this.refresh)
        this.map.removeLayer(this.layer)
    }

    readonly refresh = () => {
        clearTimeout(this.timer)
        this.timer = setTimeout(() => void this.load(), restMs)
    }

    relook() {
        this.styles.clear()
        this.layer.changed()
    }

    private async load() {
        const size = this.map.getSize()
        if (!size?.[0]) return
        const [west = 0, south = 0, east = 0, north = 0] = transformExtent(
            this.map.getView().calculateExtent(size),
            'EPSG:3857',
            'EPSG:4326',
        )
        const box: Box = { west, south, east, north }
        this.asking?.abort()
        const asking = (this.asking = new AbortController())
        try {
            const { items } = await askPlaces(this.about, widened(box), cellOf(box, size[0]), asking.signal)
            if (asking.signal.aborted) return
            this.source.clear(true)
            this.source.addFeatures(items.map((item) => this.featureOf(item)))
            this.onCount(
                items.reduce((n, item) => n + item.count, 0),
                false,
            )
        } catch {
            if (!asking.signal.aborted) this.onCount(0, true)
        }
    }

    private featureOf(item: PlaceItem) {
        const feature = new Feature({ geometry: new Point(fromLonLat([item.lon, item.lat])) })
        feature.set('item', item, true)
        feature.set('layer', this.about, true)
        return feature
    }

    /** Few looks for many marks: made once each. */
    private styleOf(item: PlaceItem): Style {
        const text = item.count > 1 ? short(item.count) : ''
        const worst = this.about.by ? worstOf(item) : null
        const key = `${worst}|${text}|${item.count === 1}`
        let style = this.styles.get(key)
        if (!style) {
            const font = `600 11px ${getComputedStyle(document.body).fontFamily}`
            const fill = new Fill({ color: worst === 3 ? '#1a1a1a' : cssColour('--panel') })
            style = new Style({
                image: imageOf(this.about, item),
                text: new Text({
                    text: text || (worst ? String(worst) : ''),
                    font,
                    fill,
                    offsetY: worst === 2 ? 3 : 1,
                }),
            })
            this.styles.set(key, style)
        }
        return style
    }
}
