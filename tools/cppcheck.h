/* Macros of libraries that cppcheck cannot read, in a plain form (make lint). */
#define G_DEFINE_EXTENDED_ERROR(Name, name)
#define json_array_foreach(list, i, item) for (i = 0; (item = json_array_get(list, i)) != NULL; i++)
#define json_object_foreach(map, key, item) while ((key = next_key(map)) && (item = json_object_get(map, key)))
