/* query.h - the parameters of a URL, read with types and limits */
#pragma once

#include "http/server.h"

G_BEGIN_DECLS

/* UsQuery: getters remember the first mistake and then give defaults; us_query_end() tells it, or
 * of a parameter that nobody asked for. Strings belong to the query. */
typedef struct UsQuery UsQuery;

#define US_QUERY_MAX_PARAMETERS 64

UsQuery *us_query_new (const char *raw);
gboolean us_query_has (UsQuery *query, const char *name);
const char *us_query_text (UsQuery *query, const char *name, guint max_chars);
gint64 us_query_integer (UsQuery *query, const char *name, gint64 fallback, gint64 least,
                         gint64 most);
gboolean us_query_flag (UsQuery *query, const char *name, gboolean fallback);
int us_query_word (UsQuery *query, const char *name, const char *const *words, int fallback);
gint64 us_query_time (UsQuery *query, const char *name, gint64 fallback_us);
const char *const *us_query_list (UsQuery *query, const char *name, guint max_items);
gboolean us_query_end (UsQuery *query, UsHttpResponse *response) G_GNUC_WARN_UNUSED_RESULT;
void us_query_free (UsQuery *query);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsQuery, us_query_free)

G_END_DECLS
