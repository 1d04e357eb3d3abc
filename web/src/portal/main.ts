// The public's own entry: no log-in, no cookie, no router, none of the libraries of the office.
import { createApp } from 'vue'
import '../base/look'
import { lang, setLang } from '../base/words'
import '../style.css'
import './portal.css'
import PortalApp from './PortalApp.vue'

setLang(lang.value)
createApp(PortalApp).mount('#app')
