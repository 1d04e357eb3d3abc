// Short messages at the foot of the screen, where no heading and no button stands.
import { ElMessage } from 'element-plus'
import 'element-plus/es/components/message/style/css'
import { asProblem } from './http'
import { lang } from './words'

/** Above the bar of a phone. */
const foot = { placement: 'bottom', offset: 72 } as const
export const sayDone = (message: string) => ElMessage({ type: 'success', message, duration: 2500, ...foot })
export const sayNote = (message: string) =>
    ElMessage({ type: 'warning', message, duration: 6000, showClose: true, ...foot })
export function sayProblem(error: unknown) {
    const problem = asProblem(error)
    const hint = problem.hint(lang.value)
    const message = hint ? `${problem.text(lang.value)}（${hint}）` : problem.text(lang.value)
    ElMessage({ type: 'error', message, duration: 6000, showClose: true, ...foot })
}
