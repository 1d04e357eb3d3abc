/* The table of all errors: ERROR_ROW(NAME, id, HTTP status, Chinese, English, remedy zh, remedy
 * en). Ids are stable: clients test them. */
ERROR_ROW(INTERNAL, "internal", 500, "系统内部错误：{0}", "Internal error: {0}",
          "请联系管理员并提供时间", "Tell the administrator when it happened")
ERROR_ROW(STORE, "store.failed", 503, "数据库写入或读取失败：{0}", "The database failed: {0}",
          "稍后重试；检查磁盘空间和权限", "Try again; check disk space and permissions")
ERROR_ROW(DISK_FULL, "store.full", 503, "磁盘已满，未保存", "The disk is full; nothing was stored",
          "释放磁盘空间后重试", "Free disk space and try again")
ERROR_ROW(BUSY, "busy", 503, "系统繁忙：{0}", "Busy: {0}", "稍后重试", "Try again later")
ERROR_ROW(CONFIG, "config", 500, "配置错误：{0}", "Configuration: {0}", "{1}", "{1}")
ERROR_ROW(FILE, "file", 500, "文件 {0}：{1}", "File {0}: {1}", "检查路径和权限",
          "Check the path and permissions")
ERROR_ROW(DOCUMENT, "document.failed", 422, "文书无法生成：{0}", "The document cannot be made: {1}",
          "缩短内容后重试", "Shorten what it holds and try again")
ERROR_ROW(FILE_KIND, "file.kind", 415, "文件不可接受：{0}", "The file is not taken: {0}", "{1}",
          "{1}")
ERROR_ROW(FILE_QUOTA, "file.quota", 429, "已上传而未使用的文件过多（上限 {0}）",
          "Too many files sent and not used yet (limit {0})", "先在记录中使用，或等其过期",
          "Use them in records first, or wait until they lapse")
ERROR_ROW(FILE_LOST, "file.lost", 500, "文件内容缺失或已损坏：{0}",
          "The content of a file is missing or damaged: {0}", "从备份恢复",
          "Restore it from a backup")
ERROR_ROW(USAGE, "usage", 400, "{0}", "{0}", "使用 --help 查看用法", "See --help")

ERROR_ROW(PACK, "pack.invalid", 500, "业务包 {0}：{1}", "Pack {0}: {1}", "{2}", "{2}")
ERROR_ROW(STORY, "story.failed", 500, "故事 {0}：应为 {1}，实为 {2}",
          "Story {0}: expected {1}, got {2}", "改正故事或业务包", "Correct the story or the pack")
ERROR_ROW(CONDITION, "condition.invalid", 400, "条件表达式错误：{0}", "Bad condition: {0}",
          "位置 {1}；参见 docs/packs.md 的条件语法",
          "At character {1}; see Conditions in docs/packs.md")
ERROR_ROW(CONDITION_MEMORY, "condition.not_listable", 400,
          "列表筛选不能用 {0}：数据库无法求值，或表达式过长",
          "A list cannot be filtered by {0}: the database cannot work it out, or it is too long",
          "按本类型自己的字段筛选，可用 + - * /、round、least、greatest、coalesce、choose、days、"
          "age、year",
          "Filter by the type's own fields with + - * /, round, least, greatest, coalesce, choose, "
          "days, age, year")

ERROR_ROW(JSON, "json.invalid", 400, "JSON 无法解析：{0}", "The JSON cannot be read: {0}",
          "位置：第 {1} 行", "At line {1}")
ERROR_ROW(BODY_TOO_LARGE, "body.too_large", 413, "请求体超过上限 {0} 字节",
          "The body is larger than {0} bytes", "拆分后重新发送", "Send it in smaller parts")
ERROR_ROW(REQUEST, "request.invalid", 400, "请求无效：{0}", "Bad request: {0}", "{1}", "{1}")
ERROR_ROW(CONTENT_TYPE, "request.content_type", 415, "请求类型必须是 {0}",
          "The content type must be {0}", "设置 Content-Type 请求头", "Set the Content-Type header")
ERROR_ROW(ROUTE, "route.unknown", 404, "没有这个地址：{0}", "There is no such address: {0}",
          "参见 docs/api.md", "See docs/api.md")
ERROR_ROW(METHOD, "route.method", 405, "该地址不支持 {0} 方法", "This address does not take {0}",
          "允许的方法：{1}", "Allowed: {1}")
ERROR_ROW(RATE, "rate.limited", 429, "请求过于频繁", "Too many requests", "{0} 秒后重试",
          "Try again in {0} s")

ERROR_ROW(LOGIN, "session.login", 401, "登录名或密码不正确", "Wrong login or password",
          "检查后重试；连续失败会被锁定", "Check both; repeated failures lock the login")
ERROR_ROW(LOCKED, "session.locked", 429, "登录失败次数过多，已锁定",
          "Locked after too many failures", "{0} 秒后重试", "Try again in {0} s")
ERROR_ROW(SESSION, "session.required", 401, "未登录或登录已过期", "No session, or it has ended",
          "请重新登录", "Log in again")
ERROR_ROW(PASSWORD_ONCE, "session.password_once", 403, "请先设置自己的密码",
          "Choose a password of your own first", "修改密码后继续",
          "Change the password, then go on")
ERROR_ROW(TOKEN, "token.invalid", 401, "设备令牌无效或已停用",
          "The device token is unknown or disabled", "向管理员申请新令牌",
          "Ask the administrator for a new token")

ERROR_ROW(FORBIDDEN, "right.missing", 403, "您的角色不能{0}", "Your role may not {1}",
          "由有权限的角色办理：{2}", "Roles that may: {2}")
ERROR_ROW(SCOPE, "right.scope", 403, "不在您的管辖范围内", "Outside your scope", "请由属地单位办理",
          "The authority in charge of that place must do it")
ERROR_ROW(SEAL, "seal.key", 500, "密封内容不能用现有密钥打开（{0}）",
          "Sealed with a key that is not here ({0})", "恢复该密钥文件", "Restore that key file")
ERROR_ROW(SEPARATION, "right.separation", 403, "与“{0}”的办理人不能是同一人",
          "Not by the person who made the move {0}", "请由另一人办理", "Someone else must do it")
ERROR_ROW(NOT_FOUND, "record.unknown", 404, "找不到 {0} {1}", "There is no {0} {1} in your sight",
          "检查编号；可能不在您的范围内", "Check the id; it may be outside your scope")
ERROR_ROW(TYPE_UNKNOWN, "type.unknown", 404, "没有类型 {0}", "There is no type {0}",
          "见 /api/types", "See /api/types")
ERROR_ROW(EXISTS, "record.exists", 409, "{0} {1} 已存在", "{0} {1} exists already",
          "改用编辑，或换一个编码", "Edit it, or use another code")
ERROR_ROW(ONCE, "request.key_reused", 422, "该 Idempotency-Key 已用于另一请求",
          "This Idempotency-Key was used for another request",
          "先前的内容可能已经提交，请先查看；要另行提交请换一个",
          "What was sent before may have been filed: look first; use another key to file anew")
ERROR_ROW(VERSION, "record.stale", 412, "记录已被他人修改（现为第 {0} 版）",
          "Somebody changed the record (it is version {0} now)", "重新读取后再操作",
          "Read it again, then act")
ERROR_ROW(VERSION_MISSING, "record.if_match", 428, "缺少版本号", "The If-Match header is missing",
          "用 If-Match 带上读到的 ETag", "Send the ETag you read as If-Match")

ERROR_ROW(FIELD_REQUIRED, "field.required", 422, "“{0}”必须填写", "{1} is required", "填写该字段",
          "Give this field a value")
ERROR_ROW(FIELD_UNKNOWN, "field.unknown", 422, "没有字段 {field}", "There is no field {field}",
          "见类型定义：{0}", "Fields of the type: {0}")
ERROR_ROW(FIELD_KIND, "field.kind", 422, "字段 {field} 的值类型不对，应为{0}",
          "{field} must be {1}", "按类型填写", "Give a value of that kind")
ERROR_ROW(FIELD_RANGE, "field.range", 422, "字段 {field} 超出允许范围 {0}",
          "{field} is outside {0}", "填写范围内的值", "Give a value inside the range")
ERROR_ROW(FIELD_FORMAT, "field.format", 422, "字段 {field} 格式不正确：{0}",
          "{field} is not in the form: {0}", "检查格式和校验位", "Check the form and check digit")
ERROR_ROW(FIELD_CODE, "field.code", 422, "字段 {field} 没有代码 {0}", "{field} has no code {0}",
          "可选：{1}", "One of: {1}")
ERROR_ROW(FIELD_REF, "field.ref", 422, "字段 {field} 指向的 {0} {1} 不存在",
          "{field} names a {0} {1} that does not exist", "先建立该记录或改正编号",
          "Create that record first or correct the id")
ERROR_ROW(FIELD_UNIQUE, "field.unique", 422, "字段 {field} 的值 {0} 已被使用",
          "The value {0} of {field} is in use", "换一个值", "Use another value")
ERROR_ROW(FIELD_NOT_SHOWN, "field.not_shown", 422, "此时“{0}”不填写", "{1} has no place here",
          "清空该字段；它只在下列条件成立时填写：{2}", "Leave it empty; it is for when {2}")
ERROR_ROW(FIELD_NOT_ACCEPTED, "field.not_accepted", 422, "此操作不接受字段 {field}",
          "This move does not take {field}", "可填写：{0}", "It takes: {0}")
ERROR_ROW(SHEET, "sheet.invalid", 400, "表格无法读取：{0}", "The sheet cannot be read: {0}",
          "另存为 CSV（UTF-8）或 XLSX 后重试；{1}", "Save it as CSV (UTF-8) or XLSX again; {1}")
ERROR_ROW(IMPORT, "import.refused", 422, "{0} 行有错误，未导入任何行",
          "{0} rows have errors; nothing was imported", "改正 errors 中列出的行后重新导入",
          "Correct the rows listed in errors and import the file again")
ERROR_ROW(IMPORT_AGAIN, "import.again", 409, "同一文件已于 {0} 由 {1} 导入",
          "This file was imported at {0} by {1}", "确需再次导入时加 again=true",
          "To import it again, add again=true")
ERROR_ROW(CELL, "cell.value", 422, "“{0}”不是{1}", "\"{0}\" is not {2}", "改为如 {3}",
          "Write it as {3}")
ERROR_ROW(CELL_AMBIGUOUS, "cell.ambiguous", 422, "“{0}”不唯一：{1}", "\"{0}\" is ambiguous: {1}",
          "改填编码", "Write the code instead")
ERROR_ROW(CHECK, "check.failed", 422, "{0}", "{1}", "改正后重试", "Correct {field} and try again")

ERROR_ROW(MOVE_UNKNOWN, "move.unknown", 404, "没有操作 {0}", "There is no move {0}",
          "可用操作：{1}", "Moves: {1}")
ERROR_ROW(MOVE_STATE, "move.state", 409, "当前状态“{0}”不能{1}", "Not possible in state {2}",
          "刷新后查看可用操作", "Read the record again to see the moves that are open")
ERROR_ROW(MOVE_GUARD, "move.guard", 422, "{0}", "{1}", "改正后重试", "Correct it and try again")

ERROR_ROW(MOVE_PENDING, "move.pending", 409, "“{0}”正在等待另一人确认", "{1} waits to be confirmed",
          "先确认或撤销该提请（turn_down）", "Confirm it or turn it down first (turn_down)")
ERROR_ROW(MOVE_LATE, "move.late", 422, "须在“{0}”到期前 {1} 提出，最迟 {2}",
          "It had to be asked {1} before the clock {0} ends, by {2} at the latest",
          "已超过申请期限", "The time for asking is over")
ERROR_ROW(MOVE_WITHDRAW, "move.withdraw", 409, "只有上一步的办理人、且之后无人办理时才能撤回",
          "Only who made the last move may take it back, while nobody has acted since",
          "请由后续办理人退回", "Whoever acts next may send it back")

ERROR_ROW(POINT_UNKNOWN, "point.unknown", 422, "没有监测点 {0}",
          "There is no point {0} for this token", "检查点位编码，或先登记该点",
          "Check the code, or register the point first")
ERROR_ROW(SAMPLE_VALUE, "sample.value", 422, "采样值无效：{0}", "Bad sample value: {0}",
          "必须是有限数值", "It must be a finite number")
ERROR_ROW(SAMPLE_TIME, "sample.time", 422, "采样时间不合理：{0}", "Absurd sample time: {0}",
          "应在 2000 年之后且不超过未来 1 小时；检查精度参数",
          "After 2000 and at most 1 h ahead; check the precision parameter")
ERROR_ROW(LINE, "line.invalid", 400, "行协议格式错误：{0}", "Bad line protocol: {0}",
          "格式：measurement,tag=v field=1.5 时间戳", "Form: measurement,tag=v field=1.5 timestamp")
ERROR_ROW(PARTIAL, "batch.partial", 400, "partial write：{0} 条已保存，{1} 条被拒绝",
          "partial write: {0} stored, {1} refused", "改正 refused 中列出的行后只重发这些行",
          "Correct the lines listed in refused and send only those again")
ERROR_ROW(RECEIPT, "receipt.unknown", 404, "没有这个回执编号", "There is no such receipt",
          "核对编号：4 组、每组 5 位，不含字母 U",
          "Check the code: 4 groups of 5, never the letter U")
ERROR_ROW(VERIFY, "verify.broken", 500, "校验不通过：{0}", "Verification failed: {0}",
          "立即封存数据并查明原因", "Seal the data at once and find the cause")
