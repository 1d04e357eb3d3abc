// Sending a file with progress: XMLHttpRequest, because fetch does not tell how far an upload is.
import { Problem, type ProblemBody, problemOf } from './http'

export interface Upload<T> {
    answer: Promise<T>
    cancel: () => void
}

/** The media type is left to the server, which looks at the bytes. */
export function upload<T>(
    path: string,
    file: Blob,
    options: { name?: string; progress?: (share: number) => void } = {},
): Upload<T> {
    const request = new XMLHttpRequest()
    const answer = new Promise<T>((done, failed) => {
        request.open('POST', path)
        request.setRequestHeader('Accept', 'application/json')
        if (options.name) request.setRequestHeader('X-File-Name', encodeURIComponent(options.name))
        request.upload.onprogress = ({ loaded, total }) => options.progress?.(total ? loaded / total : 0)
        request.onload = () => {
            const body = readJson(request.responseText)
            if (request.status >= 200 && request.status < 300) done(body as T)
            else failed(problemOf(request.status, request.getResponseHeader('Retry-After'), body))
        }
        request.onerror = () => failed(Problem.network())
        request.onabort = () => failed(new Problem({ id: 'aborted', status: 0 } as ProblemBody))
        request.send(new Blob([file]))
    })
    return { answer, cancel: () => request.abort() }
}

function readJson(text: string): unknown {
    try {
        return JSON.parse(text)
    } catch {
        return undefined
    }
}
