/* door.h - who may give orders over HTTP, and as whom */
#pragma once

#include "http/server.h"

G_BEGIN_DECLS

#define US_DOOR_ERROR us_door_error_quark ()
typedef enum {
  US_DOOR_ERROR_FILE,  /* the file of tokens cannot be read, or is too large */
  US_DOOR_ERROR_TOKEN, /* a line of it is no token */
} UsDoorError;
GQuark us_door_error_quark (void);

#define US_DOOR_MAX_FILE (64 * 1024)
#define US_DOOR_MIN_TOKEN 16 /* characters */
#define US_DOOR_MAX_WHO 64   /* of a name */

typedef struct UsDoor UsDoor;

UsDoor *us_door_new (const char *setting);
void us_door_free (UsDoor *door);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsDoor, us_door_free)

gboolean us_door_load (UsDoor *door, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_door_parse (UsDoor *door, const char *name, const char *text,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *us_door_enter (const UsDoor *door, const UsHttpRequest *request, UsHttpResponse *response);

gboolean us_door_check_json (const UsHttpRequest *request, UsHttpResponse *response);

G_END_DECLS
