/* token.h - the token that a command shows to another role */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_TOKEN_ERROR us_token_error_quark ()
typedef enum {
  US_TOKEN_ERROR_FILE, /* cannot be read, is too large, or has no token */
} UsTokenError;
GQuark us_token_error_quark (void);

char *us_token_read (const char *path, const char *setting,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
