/* json-body.h - a strict reading of a JSON object that somebody sent */
#pragma once

#include "http/server.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define US_JSON_BODY_MAX_DEPTH 16

/* UsJsonBody: the whole. UsJsonPart: one object in it, which belongs to it. Getters remember the
 * first mistake and then give defaults; us_json_body_end() tells it, or of a member that nobody
 * asked for. Strings belong to the body. */
typedef struct UsJsonBody UsJsonBody;
typedef struct UsJsonPart UsJsonPart;

typedef struct {
  guint status; /* HTTP */
  const char *type, *title;
  char *pointer; /* "#/alerts/0/url", RFC 6901 6 */
  char *detail;
} UsJsonProblem;

typedef enum { US_JSON_OPTIONAL, US_JSON_REQUIRED } UsJsonNeed;

UsJsonBody *us_json_body_new (GBytes *bytes, gsize max_bytes);
UsJsonPart *us_json_body_root (UsJsonBody *body);
const UsJsonProblem *us_json_body_check (UsJsonBody *body);
/* For what others have written, of which a reader takes what he knows. Returns: (nullable)
 * (transfer none): the root; NULL: it is no JSON object */
JsonObject *us_json_body_get_object (UsJsonBody *body);
gboolean us_json_body_end (UsJsonBody *body, UsHttpResponse *response) G_GNUC_WARN_UNUSED_RESULT;
void us_json_body_free (UsJsonBody *body);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsJsonBody, us_json_body_free)

gboolean us_json_has (UsJsonPart *part, const char *name);
gboolean us_json_is_null (UsJsonPart *part, const char *name);
const char *us_json_text (UsJsonPart *part, const char *name, UsJsonNeed need, guint max_chars);
gint64 us_json_integer (UsJsonPart *part, const char *name, gint64 fallback, gint64 least,
                        gint64 most);
double us_json_number (UsJsonPart *part, const char *name, double fallback, double least,
                       double most);
gboolean us_json_flag (UsJsonPart *part, const char *name, gboolean fallback);
int us_json_word (UsJsonPart *part, const char *name, const char *const *words, int fallback);
GStrv us_json_texts (UsJsonPart *part, const char *name, guint max_items, guint max_chars);
UsJsonPart *us_json_object (UsJsonPart *part, const char *name, UsJsonNeed need);
GPtrArray *us_json_objects (UsJsonPart *part, const char *name, UsJsonNeed need, guint max_items);
const char *const *us_json_members (UsJsonPart *part);
void us_json_refuse (UsJsonPart *part, const char *name, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

G_END_DECLS
