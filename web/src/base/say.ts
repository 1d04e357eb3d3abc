// Short messages at the top of the screen.
import { ElMessage } from 'element-plus'
import 'element-plus/es/components/message/style/css'
import { asProblem } from './http'
import { lang } from './words'

export const sayDone = (message: string) => ElMessage({ type: 'success', message, duration: 2500 })
export const sayNote = (message: string) =>
    ElMessage({ type: 'warning', message, duration: 6000, showClose: true })
export function sayProblem(error: unknown) {
    const problem = asProblem(error)
    const hint = problem.hint(lang.value)
    const message = hint ? `${problem.text(lang.value)}（${hint}）` : problem.text(lang.value)
    ElMessage({ type: 'error', message, duration: 6000, showClose: true })
}
