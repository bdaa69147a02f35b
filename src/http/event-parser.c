/* event-parser.c - server-sent events from bytes, as they come (HTML standard 9.2.6)
 *
 * Pure but for its callback: bytes in, events out, in the middle of a line if need be. Owned by who
 * reads the connection (event-source.c). What is kept is bounded: an event that is too large is
 * told as lost when it ends, and the next one is read as if nothing had been. The retry field is
 * ignored: when to come back is our own decision.
 */
#include "http/event-parser.h"

#include <string.h>

struct UsEventParser {
  UsEventParsed parsed;
  gpointer user_data;
  GString *line, *data;
  char *kind;    /* nullable */
  char *id;      /* nullable: of the event under way */
  char *last_id; /* nullable: of the last one that ended */
  gboolean has_data, is_lost, is_line_lost, was_return, is_first_line;
};

/**
 * us_event_parser_new:
 * @parsed: called from within us_event_parser_feed(); may free nothing
 *
 * Returns: (transfer full)
 */
UsEventParser *
us_event_parser_new (UsEventParsed parsed, gpointer user_data) {
  UsEventParser *self = g_new0 (UsEventParser, 1);
  self->parsed = parsed;
  self->user_data = user_data;
  self->line = g_string_new (NULL);
  self->data = g_string_new (NULL);
  self->is_first_line = TRUE;
  return self;
}

static void
forget_event (UsEventParser *self) {
  g_string_truncate (self->data, 0);
  g_clear_pointer (&self->kind, g_free);
  self->has_data = self->is_lost = FALSE;
}

static void
end_event (UsEventParser *self) {
  if (self->id != NULL) {
    g_free (self->last_id);
    self->last_id = g_strdup (self->id);
  }
  if (self->is_lost || self->has_data) {
    /* Text of a peer: whoever gets it may rely on UTF-8. */
    g_autofree char *data
        = self->is_lost ? g_strdup ("") : g_utf8_make_valid (self->data->str, self->data->len);
    self->parsed (self->kind != NULL ? self->kind : "message", data, self->is_lost,
                  self->user_data);
  }
  forget_event (self);
}

static void
add_data (UsEventParser *self, const char *value) {
  gsize size = strlen (value);
  if (self->data->len + size + 1 > US_EVENT_PARSER_MAX_EVENT) {
    self->is_lost = TRUE;
    g_string_truncate (self->data, 0);
  }
  if (self->is_lost)
    return;
  if (self->has_data)
    g_string_append_c (self->data, '\n');
  g_string_append_len (self->data, value, (gssize)size);
  self->has_data = TRUE;
}

/* A word that is kept as it is, or not at all. */
static void
set_word (char **word, const char *value) {
  if (strlen (value) > US_EVENT_PARSER_MAX_WORD || !g_utf8_validate (value, -1, NULL))
    return;
  g_free (*word);
  *word = g_strdup (value);
}

static void
end_line (UsEventParser *self) {
  char *line = self->line->str;
  gboolean is_lost = self->is_line_lost;
  if (self->is_first_line && g_str_has_prefix (line, "\xef\xbb\xbf"))
    line += 3;
  self->is_first_line = self->is_line_lost = FALSE;
  self->is_lost = self->is_lost || is_lost;
  if (*line == '\0' && !is_lost) {
    end_event (self);
  } else if (*line != ':' && !is_lost) {
    char *value = strchr (line, ':');
    if (value != NULL) {
      *value++ = '\0';
      value += *value == ' ';
    } else {
      value = line + strlen (line);
    }
    if (strcmp (line, "data") == 0)
      add_data (self, value);
    else if (strcmp (line, "event") == 0)
      set_word (&self->kind, value);
    else if (strcmp (line, "id") == 0)
      set_word (&self->id, value);
  }
  g_string_truncate (self->line, 0);
}

/* A part of a line, without its end. A zero byte cannot be in text that means something. */
static void
add_to_line (UsEventParser *self, const char *bytes, gsize size) {
  if (self->line->len + size > US_EVENT_PARSER_MAX_LINE || memchr (bytes, '\0', size) != NULL) {
    self->is_line_lost = TRUE;
    g_string_truncate (self->line, 0);
  }
  if (!self->is_line_lost)
    g_string_append_len (self->line, bytes, (gssize)size);
}

/**
 * us_event_parser_feed:
 * @bytes: what has come
 * @size: how much of it
 */
void
us_event_parser_feed (UsEventParser *self, const char *bytes, gsize size) {
  gsize begin = 0;
  for (gsize i = 0; i < size; i++) {
    gboolean is_second_half = bytes[i] == '\n' && self->was_return; /* of CR LF */
    self->was_return = bytes[i] == '\r';
    if (bytes[i] != '\n' && bytes[i] != '\r')
      continue;
    if (!is_second_half) {
      add_to_line (self, bytes + begin, i - begin);
      end_line (self);
    }
    begin = i + 1;
  }
  add_to_line (self, bytes + begin, size - begin);
}

/**
 * us_event_parser_restart:
 *
 * Another connection begins: what was under way is forgotten, the last id is not.
 */
void
us_event_parser_restart (UsEventParser *self) {
  forget_event (self);
  g_clear_pointer (&self->id, g_free);
  g_string_truncate (self->line, 0);
  self->is_line_lost = self->was_return = FALSE;
  self->is_first_line = TRUE;
}

/**
 * us_event_parser_get_last_id:
 *
 * Returns: (transfer none) (nullable): to be shown as Last-Event-ID
 */
const char *
us_event_parser_get_last_id (const UsEventParser *self) {
  return self->last_id;
}

/**
 * us_event_parser_free:
 * @parser: (transfer full)
 */
void
us_event_parser_free (UsEventParser *self) {
  g_string_free (self->line, TRUE);
  g_string_free (self->data, TRUE);
  g_free (self->kind);
  g_free (self->id);
  g_free (self->last_id);
  g_free (self);
}
