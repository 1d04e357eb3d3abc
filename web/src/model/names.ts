// Names of divisions, asked once each.
import { api } from './api'

const names = new Map<string, Promise<string>>()

export function regionName(code: string): Promise<string> {
    let name = names.get(code)
    if (!name) {
        name = api.get('region', code).then(
            (record) => String(record['name'] ?? code),
            () => code,
        )
        names.set(code, name)
    }
    return name
}
