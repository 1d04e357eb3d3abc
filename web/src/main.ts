import { createApp } from 'vue'
import App from './App.vue'
import { lang, setLang } from './base/words'
import { router } from './router'
import 'element-plus/es/components/base/style/css'
import 'element-plus/theme-chalk/dark/css-vars.css'
import './style.css'

setLang(lang.value)
createApp(App).use(router).mount('#app')
