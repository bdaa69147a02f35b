/* ctl-read.c - members of the JSON that roles tell `understudy ctl`, whatever they are
 *
 * Pure. The role may be of another version: what is not there, or of another type, is "-", 0 or
 * nothing.
 */
#include "commands/ctl-read.h"

JsonObject *
us_ctl_object_of (JsonNode *node) {
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonNode *
us_ctl_member (JsonObject *object, const char *name) {
  return object != NULL ? json_object_get_member (object, name) : NULL;
}

const char *
us_ctl_text (JsonObject *object, const char *name) {
  JsonNode *node = us_ctl_member (object, name);
  gboolean is_text = node != NULL && JSON_NODE_HOLDS_VALUE (node)
                     && json_node_get_value_type (node) == G_TYPE_STRING;
  return is_text ? json_node_get_string (node) : "-";
}

gboolean
us_ctl_number (JsonObject *object, const char *name, gint64 *value) {
  JsonNode *node = us_ctl_member (object, name);
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *value = json_node_get_int (node);
  return TRUE;
}

gboolean
us_ctl_flag (JsonObject *object, const char *name) {
  JsonNode *node = us_ctl_member (object, name);
  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
         && json_node_get_value_type (node) == G_TYPE_BOOLEAN && json_node_get_boolean (node);
}

JsonArray *
us_ctl_array (JsonObject *object, const char *name) {
  JsonNode *node = us_ctl_member (object, name);
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

guint
us_ctl_length (JsonArray *list) {
  return list != NULL ? json_array_get_length (list) : 0;
}

JsonObject *
us_ctl_element (JsonArray *list, guint index) {
  return us_ctl_object_of (json_array_get_element (list, index));
}
