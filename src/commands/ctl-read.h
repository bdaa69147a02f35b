/* ctl-read.h - members of the JSON that roles tell `understudy ctl`, whatever they are */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* @node, @object, @list: nullable, as is what these return */
JsonObject *us_ctl_object_of (JsonNode *node);
JsonNode *us_ctl_member (JsonObject *object, const char *name);
const char *us_ctl_text (JsonObject *object, const char *name); /* never NULL: "-" */
gboolean us_ctl_number (JsonObject *object, const char *name, gint64 *value);
gboolean us_ctl_flag (JsonObject *object, const char *name);
JsonArray *us_ctl_array (JsonObject *object, const char *name);
guint us_ctl_length (JsonArray *list);
JsonObject *us_ctl_element (JsonArray *list, guint index);

G_END_DECLS
