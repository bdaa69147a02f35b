/* event-parser.h - server-sent events from bytes, as they come */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_EVENT_PARSER_MAX_EVENT                                                                  \
  (256 * 1024) /* bytes of one event's data; a longer one is lost                                  \
                */
#define US_EVENT_PARSER_MAX_LINE US_EVENT_PARSER_MAX_EVENT
#define US_EVENT_PARSER_MAX_WORD 128 /* of a kind or an id */

/* @kind: "message" where none is said; @is_lost: it was too large, @data is empty */
typedef void (*UsEventParsed) (const char *kind, const char *data, gboolean is_lost,
                               gpointer user_data);

typedef struct UsEventParser UsEventParser;
UsEventParser *us_event_parser_new (UsEventParsed parsed, gpointer user_data);
void us_event_parser_feed (UsEventParser *parser, const char *bytes, gsize size);
void us_event_parser_restart (UsEventParser *parser);
const char *us_event_parser_get_last_id (const UsEventParser *parser);
void us_event_parser_free (UsEventParser *parser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsEventParser, us_event_parser_free)

G_END_DECLS
