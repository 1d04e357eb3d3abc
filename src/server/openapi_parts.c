/* What the document of the API says that does not depend on the packs: two tables of JSON texts,
 * with ' for ". */
#include "server/openapi.h"

#include <string.h>

typedef struct {
    const char *name, *text;
} Part;

#define STRING "{'type': 'string'}"
#define INTEGER "{'type': 'integer'}"
#define NUMBER "{'type': 'number'}"
#define BOOL "{'type': 'boolean'}"
#define TIME "{'type': 'string', 'format': 'date-time'}"
#define OBJECT "{'type': 'object'}"
#define OBJECTS "{'type': 'array', 'items': {'type': 'object'}}"
#define REF(name) "{'$ref': '#/components/schemas/" name "'}"
#define LIST(name) "{'type': 'array', 'items': {'$ref': '#/components/schemas/" name "'}}"
#define NAMES "{'type': 'array', 'items': {'type': 'string'}}"

/* clang-format off */
static const Part schemas[] = {
    {"Any", "{'type': 'object', 'additionalProperties': true}"},
    {"Title", "{'type': 'object', 'required': ['zh', 'en'], 'properties': {'zh': " STRING ", 'en': " STRING "}}"},
    {"Area", "{'oneOf': [{'type': 'object', 'required': ['type', 'coordinates'], 'additionalProperties': false, 'properties': {'type': {'const': 'Polygon'}, 'coordinates': {'type': 'array', 'minItems': 1, 'items': {'type': 'array', 'minItems': 4, 'maxItems': 10000, 'items': {'type': 'array', 'prefixItems': [{'type': 'number', 'minimum': -180, 'maximum': 180}, {'type': 'number', 'minimum': -90, 'maximum': 90}], 'items': false, 'minItems': 2}}}}}, {'type': 'object', 'required': ['type', 'coordinates'], 'additionalProperties': false, 'properties': {'type': {'const': 'MultiPolygon'}, 'coordinates': {'type': 'array', 'minItems': 1, 'items': {'type': 'array', 'minItems': 1, 'items': {'type': 'array', 'minItems': 4, 'maxItems': 10000, 'items': {'type': 'array', 'prefixItems': [{'type': 'number', 'minimum': -180, 'maximum': 180}, {'type': 'number', 'minimum': -90, 'maximum': 90}], 'items': false, 'minItems': 2}}}}}}]}"},
    {"Place", "{'type': 'object', 'required': ['lon', 'lat'], 'additionalProperties': false, 'properties': {'lon': {'type': 'number', 'minimum': -180, 'maximum': 180}, 'lat': {'type': 'number', 'minimum': -90, 'maximum': 90}}}"},
    {"Problem", "{'type': 'object', 'description': 'RFC 9457', 'required': ['type', 'id', 'status', 'title', 'detail', 'detail_en'], 'properties': {'type': {'type': 'string', 'format': 'uri'}, 'id': {'type': 'string', 'examples': ['field.required']}, 'status': " INTEGER ", 'title': " STRING ",'detail': " STRING ", 'detail_en': " STRING ", 'field': " STRING ", 'hint': " STRING ", 'hint_en': " STRING ",'current': {'type': 'object', 'description': '412: the record as it is now'}, 'changed': " LIST("Entry") ",'accepted': {'type': 'integer', 'description': 'ingest: good lines, stored'}, 'refused_count': " INTEGER ",'refused': {'type': 'array', 'maxItems': 100, 'items': {'type': 'object', 'properties': {'line': " INTEGER ", 'id': " STRING ", 'detail': " STRING ", 'text': " STRING "}}}}}"},
    {"Login", "{'type': 'object', 'required': ['login', 'password'], 'properties': {'login': " STRING ", 'password': {'type': 'string', 'format': 'password'}}}"},
    {"Session", "{'type': 'object', 'required': ['token', 'user'], 'properties': {'token': " STRING ", 'user': " REF("User") "}}"},
    {"User", "{'type': 'object', 'required': ['login', 'role', 'role_title', 'level'], 'properties': {'login': " STRING ", 'name': " STRING ",'role': " STRING ", 'role_title': " REF("Title") ", 'level': {'enum': ['system', 'province', 'city', 'county', 'enterprise']},'region': " STRING ", 'region_name': " STRING ", 'enterprise': " STRING ", 'enterprise_name': " STRING ", 'password_once': " BOOL ", 'sectors': " STRING "}}"},
    {"PasswordChange", "{'type': 'object', 'required': ['old', 'password'], 'additionalProperties': false, 'properties': {'old': {'type': 'string', 'format': 'password'}, 'password': {'type': 'string', 'format': 'password', 'minLength': 8, 'maxLength': 200}}}"},
    {"OncePassword", "{'type': 'object', 'required': ['password'], 'properties': {'password': " STRING "}}"},
    {"Token", "{'type': 'object', 'required': ['token'], 'properties': {'token': " STRING "}}"},
    {"DeviceTokens", "{'type': 'object', 'required': ['items'], 'properties': {'items': {'type': 'array', 'items': {'type': 'object', 'required': ['device', 'tokens', 'newest'], 'properties': {'device': " STRING ", 'tokens': " INTEGER ", 'newest': " TIME "}}}}}"},
    {"JournalPage", "{'type': 'object', 'required': ['items', 'next'], 'properties': {'items': " LIST("Entry") ", 'next': {'type': ['integer', 'null'], 'description': 'before of the next page'}}}"},
    {"SystemState", "{'type': 'object', 'required': ['version', 'database', 'disk_free', 'disk_size', 'entries', 'unsealed', 'clocks_waiting', 'clocks_late', 'sessions', 'files', 'files_unused'], 'properties': {'version': " STRING ", 'database': {'enum': ['sqlite', 'postgresql']}, 'disk_free': " INTEGER ", 'disk_size': " INTEGER ", 'entries': " INTEGER ", 'unsealed': " INTEGER ", 'seal': " STRING ", 'sealed_at': " TIME ", 'clocks_waiting': " INTEGER ", 'clocks_late': " INTEGER ", 'sessions': " INTEGER ", 'files': " INTEGER ", 'files_unused': " INTEGER "}}"},
    {"PublicTypes", "{'type': 'object', 'required': ['types', 'codes'], 'properties': {'types': " OBJECTS ", 'codes': " OBJECT "}}"},
    {"PublicRecord", "{'type': 'object', 'required': ['id'], 'properties': {'id': " STRING "}}"},
    {"PublicList", "{'type': 'object', 'required': ['items', 'next'], 'properties': {'items': " LIST("PublicRecord") ", 'next': {'type': ['string', 'null']}}}"},
    {"Filed", "{'type': 'object', 'required': ['type'], 'properties': {'type': " STRING ", 'number': " STRING ", 'receipt': " OBJECT "}}"},
    {"Reveal", "{'type': 'object', 'required': ['field', 'reason'], 'properties': {'field': " STRING ", 'reason': {'type': 'string', 'minLength': 1, 'maxLength': 2000}}, 'additionalProperties': false}"},
    {"Revealed", "{'type': 'object', 'required': ['field', 'value'], 'properties': {'field': " STRING ", 'value': {}}}"},
    {"Sealed", "{'type': 'object', 'required': ['sealed'], 'properties': {'sealed': {'const': true}}}"},
    {"Types", "{'type': 'object', 'required': ['types', 'codes', 'roles', 'packs'], 'properties': {'types': " OBJECTS ", 'codes': " OBJECT ", 'roles': " OBJECTS ", 'packs': " OBJECTS "}}"},
    {"Move", "{'type': 'object', 'required': ['name', 'title', 'accepts', 'require'], 'properties': {'name': " STRING ", 'title': " REF("Title") ", 'accepts': " NAMES ", 'require': " NAMES "}}"},
    {"Clock", "{'type': 'object', 'required': ['name', 'state', 'due_at', 'overdue'], 'properties': {'name': " STRING ", 'title': " REF("Title") ",'state': {'enum': ['open', 'fired', 'done']}, 'step': " INTEGER ", 'overdue': " BOOL ",'started_at': " TIME ", 'due_at': " TIME ", 'next_at': " TIME ", 'fired_at': " TIME ", 'stopped_at': " TIME "}}"},
    {"Record", "{'type': 'object', 'required': ['id', 'type', 'version', 'created_at', 'created_by', 'updated_at'], 'properties': {'id': " STRING ", 'type': " STRING ", 'version': {'type': 'integer', 'minimum': 1}, 'state': " STRING ", 'number': " STRING ",'created_at': " TIME ", 'created_by': " STRING ", 'updated_at': " TIME ",'_labels': {'type': 'object', 'additionalProperties': {'oneOf': [" STRING ", {'type': 'array', 'description': 'of a field of kind rows: labels by row', 'items': {'type': 'object', 'additionalProperties': " STRING "}}]}}, 'moves': " LIST("Move") ", 'clocks': " LIST("Clock") ",'rights': {'type': 'object', 'properties': {'edit': " BOOL "}}}}"},
    {"Record.list", "{'type': 'object', 'required': ['items', 'next'], 'properties': {'items': " LIST("Record") ", 'next': {'type': ['string', 'null']}, 'count': " INTEGER ", 'count_more': " BOOL ", 'facets_more': " BOOL ", 'facets': {'type': 'object', 'additionalProperties': " LIST("FacetValue") "}}}"},
    {"FacetValue", "{'type': 'object', 'required': ['value', 'count'], 'properties': {'value': {'type': ['string', 'boolean', 'null']}, 'count': " INTEGER "}}"},
    {"Record.create", OBJECT},
    {"Record.edit", OBJECT},
    {"Record.move", "{'type': 'object', 'additionalProperties': false, 'properties': {'fields': " OBJECT ", 'comment': " STRING "}}"},
    {"Entry", "{'type': 'object', 'required': ['seq', 'time', 'actor', 'type', 'id', 'action', 'hash'], 'properties': {'seq': " INTEGER ", 'time': " TIME ",'actor': " STRING ", 'action': {'type': 'string', 'description': 'create, edit, move:NAME, clock:NAME, watch:NAME'}, 'type': " STRING ", 'id': " STRING ",'diff': {'type': 'object', 'description': 'field: [old, new]'}, 'hash': " STRING "}}"},
    {"Journal", "{'type': 'object', 'required': ['items'], 'properties': {'items': " LIST("Entry") "}}"},
    {"View", "{'type': 'object', 'required': ['id', 'type', 'name', 'query', 'own'], 'properties': {'id': " STRING ", 'type': " STRING ", 'name': " STRING ", 'query': " OBJECT ", 'role': " STRING ", 'region': " STRING ", 'own': " BOOL "}}"},
    {"Views", "{'type': 'object', 'required': ['items'], 'properties': {'items': " LIST("View") "}}"},
    {"ViewChange", "{'type': 'object', 'properties': {'type': " STRING ", 'name': " STRING ", 'query': " OBJECT ", 'role': {'type': ['string', 'null']}}, 'additionalProperties': false}"},
    {"ReceiptMove", "{'type': 'object', 'properties': {'fields': " OBJECT ", 'comment': " STRING "}, 'additionalProperties': false}"},
    {"Receipt", "{'type': 'object', 'required': ['code', 'type', 'filed_at', 'entry', 'commitment', 'salt'], 'properties': {'code': " STRING ", 'type': " STRING ", 'title': " REF("Title") ", 'filed_at': " TIME ",'state': " REF("Title") ", 'shows': " OBJECT ", 'moves': " OBJECTS ", 'entry': " OBJECT ", 'commitment': " STRING ", 'salt': " STRING ", 'content': " STRING ", 'seal': " OBJECT ", 'path': " OBJECTS "}}"},
    {"Import", "{'type': 'object', 'required': ['rows', 'created', 'updated', 'unchanged', 'refused', 'dry_run', 'columns', 'errors'], 'properties': {'rows': " INTEGER ", 'created': " INTEGER ", 'updated': " INTEGER ", 'unchanged': " INTEGER ", 'refused': " INTEGER ", 'dry_run': " BOOL ", 'columns': " OBJECTS ", 'errors': {'type': 'array', 'maxItems': 100, 'items': {'type': 'object', 'required': ['row', 'id'], 'properties': {'row': " INTEGER ", 'column': " STRING ", 'title': " STRING ", 'field': " STRING ", 'id': " STRING ", 'detail': " STRING ", 'detail_en': " STRING ", 'hint': " STRING ", 'hint_en': " STRING "}}}, 'imported_before': {'type': 'object', 'properties': {'time': " TIME ", 'actor': " STRING "}}}}"},
    {"Todo", "{'type': 'object', 'required': ['items', 'count'], 'properties': {'items': " OBJECTS ", 'count': " INTEGER "}}"},
    {"LegalClock", "{'type': 'object', 'required': ['type', 'id', 'name', 'state', 'step', 'basis', 'started_at', 'due_at', 'overdue', 'overdue_s', 'late_s'], 'properties': {'type': " STRING ", 'id': " STRING ", 'label': {'type': ['string', 'null']}, 'name': " STRING ", 'title': " REF("Title") ", 'basis': " NAMES ", 'state': {'enum': ['open', 'paused', 'fired', 'done']}, 'step': " INTEGER ", 'started_at': " TIME ", 'due_at': " TIME ", 'next_at': {'type': ['string', 'null']}, 'fired_at': {'type': ['string', 'null']}, 'stopped_at': {'type': ['string', 'null']}, 'paused_at': {'type': ['string', 'null']}, 'overdue': " BOOL ", 'overdue_s': " INTEGER ", 'late_s': {'type': ['number', 'null']}, 'region': {'type': ['string', 'null']}, 'enterprise': {'type': ['string', 'null']}}}"},
    {"Clocks", "{'type': 'object', 'required': ['items', 'next', 'calendar_missing'], 'properties': {'calendar_missing': {'type': 'array', 'items': " INTEGER "}, 'items': " LIST("LegalClock") ", 'next': {'type': ['string', 'null']}, 'summary': {'type': 'object', 'required': ['open', 'overdue', 'paused', 'fired', 'late_p50', 'late_p99', 'late_max'], 'properties': {'open': " INTEGER ", 'overdue': " INTEGER ", 'paused': " INTEGER ", 'fired': " INTEGER ", 'late_p50': {'type': ['number', 'null']}, 'late_p99': {'type': ['number', 'null']}, 'late_max': {'type': ['number', 'null']}}}}}"},
    {"Notices", "{'type': 'object', 'required': ['items'], 'properties': {'items': {'type': 'array', 'items': {'type': 'object','required': ['seq', 'time', 'title', 'title_en', 'type', 'id'], 'properties': {'seq': " INTEGER ", 'time': " TIME ", 'title': " STRING ", 'title_en': " STRING ", 'type': " STRING ", 'id': " STRING "}}}}}"},
    {"Indicator", "{'type': 'object', 'required': ['type', 'name', 'title', 'value', 'part', 'filter'], 'properties': {'type': " STRING ", 'name': " STRING ", 'title': " OBJECT ", 'basis': " NAMES ", 'value': {'type': ['number', 'null']}, 'part': " INTEGER ", 'whole': " INTEGER ", 'former': {'type': ['number', 'null']}, 'unit': " STRING ", 'from': " STRING ", 'to': " STRING ", 'target': " OBJECT ", 'met': {'type': 'boolean'}, 'filter': " STRING ", 'items': " OBJECTS "}}"},
    {"Indicators", "{'type': 'object', 'required': ['items'], 'properties': {'items': " LIST("Indicator") "}}"},
    {"Overview", "{'type': 'object', 'required': ['region', 'total'], 'properties': {'region': " STRING ", 'name': " STRING ", 'children': " OBJECTS ", 'enterprises': " OBJECTS ", 'total': " OBJECT "}}"},
    {"AlarmDesk", "{'type': 'object', 'required': ['items', 'counts'], 'properties': {'items': " LIST("Record") ", 'next': {'type': ['string', 'null']}, 'counts': {'type': 'object', 'additionalProperties': " INTEGER "}}}"},
    {"Places", "{'type': 'object', 'required': ['cell', 'items'], 'properties': {'cell': {'type': 'number'}, 'items': {'type': 'array', 'items': {'type': 'object', 'required': ['lon', 'lat', 'count'], 'properties': {'lon': {'type': 'number'}, 'lat': {'type': 'number'}, 'count': " INTEGER ", 'id': " STRING ", 'label': " STRING ", 'by': {'type': 'object', 'additionalProperties': " INTEGER "}}}}}}"},
    {"GatewayDay", "{'type': 'object', 'required': ['day', 'online_rate', 'slots_heard', 'slots', 'batches', 'samples', 'refused', 'backlog_batches', 'backlog_samples', 'gaps', 'counted_from'], 'properties': {'day': {'type': 'string', 'format': 'date'}, 'online_rate': {'type': ['number', 'null'], 'description': 'share of the slots of five minutes, so far, in which the server listened'}, 'slots_heard': " INTEGER ", 'slots': " INTEGER ", 'batches': " INTEGER ", 'samples': " INTEGER ", 'refused': " INTEGER ", 'backlog_batches': " INTEGER ", 'backlog_samples': " INTEGER ", 'gaps': {'type': 'object', 'required': ['count', 'seconds', 'longest_seconds'], 'properties': {'count': " INTEGER ", 'seconds': " NUMBER ", 'longest_seconds': " NUMBER "}}, 'counted_from': " TIME "}}"},
    {"Gateway", "{'type': 'object', 'required': ['code', 'name', 'state', 'last_seen', 'today', 'clock', 'backlog'], 'properties': {'code': " STRING ", 'name': " STRING ", 'enterprise': " STRING ", 'region': " STRING ", 'state': {'enum': ['online', 'backlog', 'silent', 'never', 'disabled']}, 'last_seen': {'type': ['string', 'null'], 'format': 'date-time'}, 'today': " REF("GatewayDay") ", 'shown': " REF("GatewayDay") ", 'clock': {'type': ['object', 'null'], 'description': 'sample time minus receipt, median', 'properties': {'seconds': " NUMBER ", 'drift_seconds_per_day': {'type': ['number', 'null']}}}, 'backlog': {'type': ['object', 'null'], 'properties': {'began': " TIME ", 'reached': " TIME ", 'behind_seconds': " NUMBER ", 'speed': {'type': ['number', 'null']}}}, 'strip': {'type': 'string', 'pattern': '^[hmd.]{288}$', 'description': 'a letter per slot: heard, missed, server down, not counted'}, 'gaps': " OBJECTS ", 'clock_hours': " OBJECTS "}}"},
    {"Gateways", "{'type': 'object', 'required': ['items', 'next'], 'properties': {'items': " LIST("Gateway") ", 'next': {'type': ['string', 'null']}}}"},
    {"KpiFigures", "{'type': 'object', 'required': ['positions', 'alarms', 'figures', 'from', 'to'], 'properties': {'positions': " INTEGER ", 'alarms': " INTEGER ", 'from': " TIME ", 'to': " TIME ", 'figures': {'type': 'array', 'items': {'type': 'object', 'required': ['kpi', 'unit', 'title'], 'properties': {'kpi': " STRING ", 'unit': " STRING ", 'title': " REF("Title") ", 'value': " NUMBER ", 'acceptable': " NUMBER ", 'manageable': " NUMBER ", 'target': " NUMBER ", 'verdict': {'enum': ['good', 'manageable', 'bad']}}}}}}"},
    {"AlarmKpis", "{'type': 'object', 'required': ['total', 'weeks', 'worst', 'truncated'], 'properties': {'total': " REF("KpiFigures") ", 'weeks': " LIST("KpiFigures") ", 'worst': " OBJECTS ", 'truncated': " BOOL "}}"},
    {"Replay", "{'type': 'object', 'required': ['points', 'from', 'to'], 'properties': {'from': {'oneOf': [" TIME ", " INTEGER "]}, 'to': {'oneOf': [" TIME ", " INTEGER "]}, 'points': {'type': 'array', 'minItems': 1, 'maxItems': 20, 'items': {'type': 'object', 'description': 'a point and other values of its limits and delays; null: none', 'required': ['point'], 'properties': {'point': " STRING "}, 'additionalProperties': {'type': ['number', 'null']}}}}}"},
    {"Replayed", "{'type': 'object', 'required': ['former', 'now', 'counts', 'differences', 'truncated', 'samples'], 'properties': {'former': " REF("KpiFigures") ", 'now': " REF("KpiFigures") ", 'counts': {'type': 'object', 'additionalProperties': " INTEGER "}, 'differences': " OBJECTS ", 'truncated': " BOOL ", 'samples': " INTEGER "}}"},
    {"Points", "{'type': 'object', 'required': ['items'], 'properties': {'items': {'type': 'array', 'items': {'type': 'object', 'required': ['code', 'quality', 'state'], 'properties': {'code': " STRING ", 'quality': {'enum': ['good', 'uncertain', 'bad', 'none']}, 'state': " STRING ", 'time': " TIME "}}}}}"},
    {"History", "{'type': 'object', 'required': ['code', 'step', 'items'], 'properties': {'code': " STRING ", 'unit': {'type': ['string', 'null']}, 'step': " INTEGER ",'items': {'type': 'array', 'items': {'type': 'array', 'description': 'step > 0: [t_ms, count, min, mean, max, last]; step 0: [t_ms, value, quality]'}}, 'truncated': " BOOL "}}"},
    {"Sample", "{'type': 'object', 'required': ['point', 'value'], 'properties': {'point': " STRING ", 'value': {'type': ['number', 'null', 'boolean']},'time': {'oneOf': [" TIME ", " INTEGER "]}, 'quality': {'enum': ['good', 'uncertain', 'bad']}}}"},
    {"Samples", "{'oneOf': [{'type': 'object', 'required': ['samples'], 'properties': {'samples': " LIST("Sample") "}}, " LIST("Sample") "]}"},
    {"Webhooks", "{'type': 'object', 'required': ['items'], 'properties': {'items': {'type': 'array', 'items': {'type': 'object', 'required': ['code', 'cursor', 'behind', 'attempts', 'status', 'secret'], 'properties': {'code': " STRING ", 'cursor': " INTEGER ", 'behind': " INTEGER ", 'attempts': " INTEGER ", 'status': " INTEGER ", 'problem': " STRING ", 'secret': " BOOL ", 'next_at': " TIME ", 'sent_at': " TIME "}}}}}"},
    {"Secret", "{'type': 'object', 'required': ['secret'], 'properties': {'secret': " STRING "}}"},
    {"Link", "{'type': 'object', 'required': ['href', 'rel'], 'properties': {'href': " STRING ", 'rel': " STRING ", 'type': " STRING ", 'title': " STRING "}}"},
    {"Conformance", "{'type': 'object', 'required': ['conformsTo'], 'properties': {'conformsTo': " NAMES "}}"},
    {"Collection", "{'type': 'object', 'required': ['id', 'links'], 'properties': {'id': " STRING ", 'title': " STRING ", 'description': " STRING ",'itemType': " STRING ", 'crs': " NAMES ", 'links': " LIST("Link") "}}"},
    {"Collections", "{'type': 'object', 'required': ['collections', 'links'], 'properties': {'collections': " LIST("Collection") ", 'links': " LIST("Link") "}}"},
    {"Feature", "{'type': 'object', 'required': ['type', 'id', 'geometry', 'properties'], 'properties': {'type': {'const': 'Feature'}, 'id': " STRING ",'geometry': {'oneOf': [{'type': 'null'}, {'type': 'object', 'required': ['type', 'coordinates'], 'properties': {'type': {'const': 'Point'},'coordinates': {'type': 'array', 'minItems': 2, 'maxItems': 2, 'items': " NUMBER "}}}]}, 'properties': " OBJECT ", 'links': " LIST("Link") "}}"},
    {"FeatureCollection", "{'type': 'object', 'required': ['type', 'features', 'links'], 'properties': {'type': {'const': 'FeatureCollection'},'features': " LIST("Feature") ", 'links': " LIST("Link") ", 'numberMatched': " INTEGER ", 'numberReturned': " INTEGER ", 'timeStamp': " TIME "}}"},
    {"Documents", "{'type': 'object', 'required': ['items'], 'properties': {'items': {'type': 'array', 'items': {'type': 'object', 'required': ['id', 'name', 'title', 'number', 'hash', 'size', 'at', 'by', 'version'], 'properties': {'id': " STRING ", 'name': " STRING ", 'title': " REF("Title") ", 'number': " STRING ", 'hash': " STRING ", 'size': " INTEGER ", 'at': " TIME ", 'by': " STRING ", 'version': " INTEGER ", 'type': " STRING ", 'record': " STRING "}}}}}"},
    {"Related", "{'type': 'object', 'required': ['items'], 'properties': {'items': {'type': 'array', 'items': {'type': 'object', 'required': ['type', 'field', 'count'], 'properties': {'type': " STRING ", 'field': " STRING ", 'count': " INTEGER ", 'open': " INTEGER ", 'count_more': {'const': true}}}}}}"},
    {"FileUse", "{'type': 'object', 'required': ['file'], 'properties': {'file': {'type': 'string', 'minLength': 26, 'maxLength': 26}, 'name': " STRING ", 'size': " INTEGER ", 'media': " STRING ", 'hash': {'type': 'string', 'description': 'SM3, hexadecimal'}}}"},
    {"Health", "{'type': 'object', 'required': ['status', 'version'], 'properties': {'status': " STRING ", 'version': " STRING "}}"},
};

#define QUERY(schema, what) "{'in': 'query', 'schema': " schema ", 'description': '" what "'}"
static const Part parameters[] = {
    {"If-Match", "{'in': 'header', 'required': true, 'schema': {'type': 'string', 'examples': ['3']}, 'description': 'the ETag that was read, in double quotes'}"},
    {"Idempotency-Key", "{'in': 'header', 'schema': {'type': 'string', 'minLength': 16, 'maxLength': 200}, 'description': 'the same request with the same key is done once'}"},
    {"Last-Event-ID", "{'in': 'header', 'schema': " INTEGER ", 'description': 'resume after this entry'}"},
    {"X-File-Name", "{'in': 'header', 'schema': " STRING ", 'description': 'the name of the file, percent-encoded UTF-8'}"},
    {"size", QUERY("{'type': 'integer', 'minimum': 16, 'maximum': 1024}", "longest edge in pixels; default 240")},
    {"filter", QUERY(STRING, "condition in CQL2-text")},
    {"q", QUERY(STRING, "text to find")},
    {"bbox", QUERY("{'type': 'string', 'pattern': '^[^,]+(,[^,]+){3}(([^,]*,){2}[^,]+)?$'}", "west,south,east,north in CRS84; types with a place")},
    {"by", QUERY(STRING, "region, month or a field listed under by")},
    {"action", QUERY(STRING, "kind of act: create, edit, move, clock, reveal, key")},
    {"people", QUERY("{'enum': [0, 1]}", "1: only what people did, not the machine")},
    {"before", QUERY("{'type': 'integer', 'minimum': 1}", "only entries with a lower sequence number")},
    {"cell", QUERY("{'type': 'number', 'exclusiveMinimum': 0}", "size of a cell in degrees; at most 4000 cells in the bbox")},
    {"sort", QUERY(STRING, "fields by comma, - before one: descending; default -created_at")},
    {"limit", QUERY("{'type': 'integer', 'minimum': 1, 'maximum': 500}", "most items in the answer")},
    {"cursor", QUERY(STRING, "next of the former answer")},
    {"count", QUERY("{'enum': [0, 1]}", "1: also count all that match")},
    {"bbox-crs", QUERY(STRING, "only CRS84")},
    {"crs", QUERY(STRING, "only CRS84")},
    {"datetime", QUERY(STRING, "created at: an instant or start/end, .. for open")},
    {"filter-lang", QUERY("{'enum': ['cql2-text']}", "language of filter")},
    {"filter-crs", QUERY(STRING, "only CRS84")},
    {"f", QUERY("{'enum': ['json']}", "only JSON")},
    {"format", QUERY("{'enum': ['json', 'csv', 'xlsx']}", "csv, xlsx: the whole list as a file")},
    {"dry_run", QUERY("{'enum': ['true', 'false']}", "true: check every row, save nothing")},
    {"again", QUERY("{'enum': ['true', 'false']}", "true: import a file once more")},
    {"mode", QUERY("{'enum': ['upsert', 'create', 'update']}", "what to do with records whose key is there already; default upsert")},
    {"codes", QUERY(STRING, "with format: a system whose codes stand in place of titles")},
    {"facets", QUERY(STRING, "fields by comma: also count the records of each of their values")},
    {"after", QUERY("{'type': 'integer', 'minimum': 0}", "only entries with a higher sequence number")},
    {"region", QUERY(STRING, "division code")},
    {"enterprise", QUERY(STRING, "enterprise code")},
    {"state", QUERY("{'enum': ['open', 'shelved', 'suppressed', 'out_of_service', 'closing', 'paused', 'fired', 'done', 'all']}", "which: alarms open, shelved, suppressed, out_of_service, closing, all; clocks open, paused, fired, done, all")},
    {"type", QUERY(STRING, "record type")},
    {"overdue", QUERY("{'enum': [0, 1]}", "1: only those past their due time")},
    {"summary", QUERY("{'enum': [0, 1]}", "1: also counts, and how late clocks fired")},
    {"from", QUERY(STRING, "RFC 3339 or milliseconds; of indicators a day, 2026-01-01")},
    {"to", QUERY(STRING, "RFC 3339 or milliseconds; of indicators a day, included")},
    {"step", QUERY("{'type': 'integer', 'minimum': 0}", "seconds; 0: raw samples")},
    {"day", QUERY("{'type': 'string', 'format': 'date'}", "a day that is kept; default today")},
    {"db", QUERY(STRING, "ignored; for Influx clients")},
    {"bucket", QUERY(STRING, "ignored; for Influx clients")},
    {"precision", QUERY("{'enum': ['ns', 'u', 'us', 'ms', 's']}", "unit of the timestamps")},
    {"p", QUERY(STRING, "device token of Influx 1 clients")},
};

static const Part doors[] = {
    {"session", "{'type': 'http', 'scheme': 'bearer', 'description': 'token of POST /api/session'}"},
    {"cookie", "{'type': 'apiKey', 'in': 'cookie', 'name': 'anlan_session'}"},
    {"password", "{'type': 'http', 'scheme': 'basic', 'description': 'login and password, for map programs'}"},
    {"device", "{'type': 'http', 'scheme': 'bearer', 'description': 'device token; also as Token or basic password'}"},
};
/* clang-format on */

static json_t *part_json(const Part *part) {
    g_autofree char *text = g_strdelimit(g_strdup(part->text), "'", '"');
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        g_error("%s: %s", part->name, error.text);
    return json;
}

static json_t *parts_json(const Part *parts, gsize n) {
    json_t *json = json_object();
    for (gsize i = 0; i < n; i++)
        json_object_set_new(json, parts[i].name, part_json(&parts[i]));
    return json;
}

json_t *openapi_parts(void) {
    json_t *named = parts_json(parameters, G_N_ELEMENTS(parameters));
    const char *name;
    json_t *parameter;
    json_object_foreach(named, name, parameter)
        json_object_set_new(parameter, "name", json_string(name));
    return json_pack("{s:o, s:o, s:o, s:{s:{s:s, s:{s:{s:{s:s}}}}}}", "schemas",
                     parts_json(schemas, G_N_ELEMENTS(schemas)), "parameters", named,
                     "securitySchemes", parts_json(doors, G_N_ELEMENTS(doors)), "responses",
                     "Problem", "description", "Refused or failed", "content",
                     "application/problem+json", "schema", "$ref", "#/components/schemas/Problem");
}
