// A made-up province to look at: divisions, enterprises with points, people.
export interface Row {
    [field: string]: unknown
}

const cities: [string, string, number, number][] = [
    ['3201', '南京市', 118.78, 32.06],
    ['3202', '无锡市', 120.3, 31.57],
    ['3203', '徐州市', 117.28, 34.21],
    ['3204', '常州市', 119.97, 31.78],
    ['3205', '苏州市', 120.62, 31.32],
    ['3206', '南通市', 120.87, 32.01],
    ['3207', '连云港市', 119.22, 34.6],
    ['3208', '淮安市', 119.02, 33.6],
    ['3209', '盐城市', 120.16, 33.35],
    ['3210', '扬州市', 119.42, 32.4],
    ['3211', '镇江市', 119.45, 32.2],
    ['3212', '泰州市', 119.92, 32.46],
    ['3213', '宿迁市', 118.28, 33.96],
]
const counties: [string, string, number, number, string][] = [
    ['320402', '天宁区', 119.97, 31.78, 'district'],
    ['320404', '钟楼区', 119.9, 31.8, 'district'],
    ['320411', '新北区', 119.95, 31.93, 'district'],
    ['320412', '武进区', 119.94, 31.68, 'district'],
    ['320413', '金坛区', 119.57, 31.72, 'district'],
    ['320481', '溧阳市', 119.48, 31.42, 'county-city'],
    ['320116', '六合区', 118.84, 32.34, 'district'],
    ['320111', '浦口区', 118.62, 32.06, 'district'],
    ['320281', '江阴市', 120.28, 31.92, 'county-city'],
    ['320582', '张家港市', 120.55, 31.87, 'county-city'],
    ['320585', '太仓市', 121.1, 31.46, 'county-city'],
    ['320623', '如东县', 121.18, 32.33, 'county'],
    ['320703', '连云区', 119.34, 34.76, 'district'],
    ['320724', '灌南县', 119.35, 34.09, 'county'],
    ['320826', '涟水县', 119.26, 33.78, 'county'],
    ['320924', '射阳县', 120.26, 33.78, 'county'],
    ['321081', '仪征市', 119.18, 32.27, 'county-city'],
    ['321283', '泰兴市', 120.05, 32.17, 'county-city'],
    ['320305', '贾汪区', 117.46, 34.44, 'district'],
    ['321191', '镇江新区', 119.67, 32.17, 'zone'],
    ['321311', '宿豫区', 118.33, 33.94, 'district'],
]

export const regions: Row[] = [
    { code: '32', name: '江苏省', kind: 'province', lon: 119.5, lat: 32.9 },
    ...cities.map(([code, name, lon, lat]) => ({ code, name, parent: '32', kind: 'city', lon, lat })),
    ...counties.map(([code, name, lon, lat, kind]) => ({
        code,
        name,
        parent: code.slice(0, 4),
        kind,
        lon,
        lat,
    })),
]

const names: [string, string, string][] = [
    ['320412', '常州澄江化工有限公司', 'chemical'],
    ['320412', '武进滆湖储运有限公司', 'storage'],
    ['320412', '常州湖塘冷链食品有限公司', 'food'],
    ['320411', '新北长江新材料科技股份有限公司', 'chemical'],
    ['320411', '常州录安洲码头仓储有限公司', 'storage'],
    ['320481', '溧阳天目金属粉末有限公司', 'dust'],
    ['320116', '南京六合江北石化有限公司', 'chemical'],
    ['320116', '南京长芦气体有限公司', 'gas'],
    ['320281', '江阴利港液体化工储罐有限公司', 'storage'],
    ['320582', '张家港扬子江溶剂有限公司', 'chemical'],
    ['320582', '张家港保税区油脂化工有限公司', 'storage'],
    ['320585', '太仓港区氯碱有限公司', 'chemical'],
    ['320623', '如东洋口港天然气接收有限公司', 'gas'],
    ['320703', '连云港徐圩炼化有限公司', 'chemical'],
    ['320724', '灌南堆沟精细化工有限公司', 'chemical'],
    ['320924', '射阳海涂制冷食品有限公司', 'food'],
    ['321081', '仪征青山聚酯有限公司', 'chemical'],
    ['321283', '泰兴滨江烧碱有限公司', 'chemical'],
    ['320305', '贾汪大洞山铝业有限公司', 'metal'],
    ['321191', '镇江大港液氨有限公司', 'chemical'],
    ['320826', '涟水红窑生物质粉体有限公司', 'dust'],
    ['321311', '宿豫运河燃气有限公司', 'gas'],
]

export const enterprises: Row[] = names.map(([region, name, kind], i) => {
    const county = counties.find(([code]) => code === region)!
    const serial = names.slice(0, i + 1).filter(([r]) => r === region).length
    const angle = i * 2.4
    return {
        code: `${region}${String(serial).padStart(3, '0')}`,
        name,
        region,
        kind,
        address: `${county[1]}化工园区${i + 3}号`,
        place: { lon: county[2] + 0.05 * Math.cos(angle), lat: county[3] + 0.04 * Math.sin(angle) },
        head: ['周建国', '陈志远', '沈丽华', '顾明'][i % 4],
        safety_officer: ['王安', '李慎', '赵严'][i % 3],
        phone: `0519-8${String(3100000 + i * 137)}`,
        employees: 60 + ((i * 97) % 900),
        summary: '危险化学品生产企业，主要产品为有机溶剂；设储罐区一处、生产装置两套，设 24 小时中控值守。',
    }
})

/** [suffix, name, measure, unit, normal value, spread, LL, L, H, HH, range high, priority] */
const pointKinds: [
    string,
    string,
    string,
    string,
    number,
    number,
    number?,
    number?,
    number?,
    number?,
    number?,
    string?,
][] = [
    ['TI101', '甲醇储罐 T-101 温度', 'temperature', '℃', 28, 4, undefined, undefined, 40, 50, 100, '2'],
    ['LI101', '甲醇储罐 T-101 液位', 'level', 'm', 7.2, 1.2, 1, 2, 9, 10, 12, '2'],
    ['PI101', '甲醇储罐 T-101 压力', 'pressure', 'kPa', 101.3, 1.1, 98, 99.5, 103, 105, 120, '3'],
    ['LI102', '苯储罐 T-102 液位', 'level', 'm', 5.4, 0.8, 0.8, 1.5, 8.5, 9.5, 11, '2'],
    ['TI201', '硝化反应釜 R-201 温度', 'temperature', '℃', 72, 7, undefined, 50, 85, 95, 200, '1'],
    [
        'PI201',
        '硝化反应釜 R-201 压力',
        'pressure',
        'MPa',
        0.42,
        0.05,
        undefined,
        undefined,
        0.55,
        0.6,
        1,
        '1',
    ],
    ['FI201', '反应釜进料流量', 'flow', 'm³/h', 12.5, 1.5, undefined, 8, 16, undefined, 25, '4'],
    ['AI301', '罐区东侧可燃气体', 'gas_combustible', '%LEL', 3, 4, undefined, undefined, 25, 50, 100, '1'],
    ['AI302', '罐区西侧可燃气体', 'gas_combustible', '%LEL', 2, 2, undefined, undefined, 25, 50, 100, '1'],
    ['AI303', '装置区硫化氢', 'gas_toxic', 'ppm', 1.2, 2, undefined, undefined, 6.6, 13.2, 100, '1'],
]

export const installations: Row[] = []
export const points: Row[] = []
export const shape = new Map<string, { mean: number; spread: number }>()
enterprises.forEach((e, i) => {
    const code = String(e['code'])
    installations.push(
        {
            code: `${code}-W1`,
            name: '甲醇罐区',
            enterprise: code,
            kind: 'tank_farm',
            grade: String(1 + (i % 4)),
            r_value: 42.5 + i,
            substance: '甲醇、苯',
        },
        {
            code: `${code}-W2`,
            name: '硝化装置',
            enterprise: code,
            kind: 'process',
            grade: String(2 + (i % 3)),
            r_value: 18.2 + i,
            substance: '硝基苯',
        },
    )
    const many = i < 2 ? pointKinds.length : 3 + (i % 4)
    for (const [suffix, name, measure, unit, mean, spread, ll, l, h, hh, top, priority] of pointKinds.slice(
        0,
        many,
    )) {
        const id = `${code}.${suffix}`
        shape.set(id, { mean, spread })
        points.push({
            code: id,
            name,
            enterprise: code,
            measure,
            unit,
            priority,
            installation: `${code}-W${suffix.endsWith('201') ? 2 : 1}`,
            range_low: 0,
            range_high: top,
            limit_low_low: ll,
            limit_low: l,
            limit_high: h,
            limit_high_high: hh,
            service: 'in_service',
            stale_s: 60,
        })
    }
})

export const users = [
    { login: 'admin', name: '系统管理员', role: 'admin' },
    { login: 'sheng', name: '省厅值班员', role: 'province_duty', region: '32' },
    { login: 'changzhou', name: '常州市值班员', role: 'city_duty', region: '3204' },
    { login: 'wujin', name: '武进区监管员', role: 'county_inspector', region: '320412' },
    { login: 'chengjiang-head', name: '澄江化工负责人', role: 'enterprise_head', enterprise: '320412001' },
    {
        login: 'chengjiang-safety',
        name: '澄江化工安全员',
        role: 'enterprise_safety',
        enterprise: '320412001',
    },
    { login: 'chengjiang-op', name: '澄江化工中控', role: 'enterprise_operator', enterprise: '320412001' },
]
