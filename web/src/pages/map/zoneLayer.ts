// One layer of areas on the map: asks the server for those in view, when the view has come to rest.
import Feature from 'ol/Feature'
import type OlMap from 'ol/Map'
import GeoJSON from 'ol/format/GeoJSON'
import type Geometry from 'ol/geom/Geometry'
import VectorLayer from 'ol/layer/Vector'
import { transformExtent } from 'ol/proj'
import VectorSource from 'ol/source/Vector'
import { Fill, Stroke, Style, Text } from 'ol/style'
import { call } from '../../base/http'
import { cssColour } from '../../base/look'
import { codeTitle, schema, typeOf } from '../../model/session'
import type { MapLayer, PlaceItem } from './layers'
import { colourField, patternOf, type RiskColour, riskColours, variableOf } from './zones'

const restMs = 150
const most = 500
/** Farther away an area is smaller than the mark of its record. */
const nearEnough = 10
const format = new GeoJSON({ featureProjection: 'EPSG:3857' })

export class ZoneLayer {
    private readonly source = new VectorSource<Feature<Geometry>>()
    private readonly layer: VectorLayer<VectorSource<Feature<Geometry>>>
    private timer: ReturnType<typeof setTimeout> | undefined
    private asking: AbortController | null = null
    private readonly patterns = new Map<RiskColour, CanvasPattern | string>()
    private readonly colour

    constructor(
        readonly about: MapLayer,
        private readonly map: OlMap,
    ) {
        const type = typeOf(about.type)
        this.colour = type && colourField(type, schema.value.codes)
        this.layer = new VectorLayer({
            source: this.source,
            zIndex: 3,
            style: (f) => this.styleOf(f as Feature),
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
        this.patterns.clear()
        this.layer.changed()
    }

    private async load() {
        const near = (this.map.getView().getZoom() ?? 0) >= nearEnough
        this.layer.setVisible(near)
        const size = this.map.getSize()
        if (!near || !size?.[0]) return
        const box = transformExtent(this.map.getView().calculateExtent(size), 'EPSG:3857', 'EPSG:4326')
        this.asking?.abort()
        const asking = (this.asking = new AbortController())
        try {
            const answer = await call<{ features: { geometry: { type: string } | null }[] }>(
                'GET',
                `/ogc/collections/${this.about.type}/items`,
                {
                    query: {
                        bbox: box.map((n) => n.toFixed(6)).join(','),
                        limit: most,
                        filter: this.about.filter,
                    },
                    signal: asking.signal,
                },
            )
            const shapes = answer.features.filter((f) => f.geometry?.type.endsWith('Polygon'))
            const features = format.readFeatures({ type: 'FeatureCollection', features: shapes })
            for (const feature of features as Feature<Geometry>[]) this.mark(feature)
            this.source.clear(true)
            this.source.addFeatures(features as Feature<Geometry>[])
        } catch {
            // The layer of marks says that it cannot be had.
        }
    }

    /** As a mark of one record, so that a click and the pointer find it. */
    private mark(feature: Feature<Geometry>) {
        const label = typeOf(this.about.type)?.label
        const item: PlaceItem = {
            lon: 0,
            lat: 0,
            count: 1,
            id: String(feature.getId()),
            label: String((label && feature.get(label)) || feature.getId()),
            by: this.colour ? { [this.wordOf(feature)]: 1 } : {},
        }
        feature.set('item', item, true)
        feature.set('layer', this.about, true)
    }

    private colourOf(feature: Feature): RiskColour | undefined {
        const value = this.colour && (feature.get(this.colour.name) as RiskColour)
        return value && riskColours.includes(value) ? value : undefined
    }

    private wordOf(feature: Feature) {
        return codeTitle(this.colour?.codes, this.colourOf(feature))
    }

    private styleOf(feature: Feature): Style {
        const colour = this.colourOf(feature)
        const line = cssColour(colour ? variableOf(colour) : '--accent')
        if (colour && !this.patterns.has(colour)) this.patterns.set(colour, patternOf(colour, line))
        return new Style({
            fill: new Fill({ color: colour ? this.patterns.get(colour)! : cssColour('--band') }),
            stroke: new Stroke({ color: line, width: 2 }),
            text: new Text({
                text: colour ? this.wordOf(feature) : '',
                offsetY: 20, // below the mark of the record
                font: `700 13px ${getComputedStyle(document.body).fontFamily}`,
                fill: new Fill({ color: cssColour('--ink') }),
                stroke: new Stroke({ color: cssColour('--panel'), width: 3 }),
            }),
        })
    }
}
