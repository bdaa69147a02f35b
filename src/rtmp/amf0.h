/* amf0.h - AMF0 values: a bounded tree, decoded and encoded, with a cap on a peer's nesting */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsAmf0: one value; objects keep the order of their members. Limits: US_AMF0_MAX_DEPTH nested
 * containers, US_AMF0_MAX_VALUES values in one message. */
typedef struct UsAmf0 UsAmf0;

#define US_AMF0_MAX_DEPTH 16
#define US_AMF0_MAX_VALUES 4096

typedef enum {
  US_AMF0_NUMBER,
  US_AMF0_BOOLEAN,
  US_AMF0_STRING,
  US_AMF0_OBJECT, /* also ECMA arrays and typed objects */
  US_AMF0_NULL,   /* also undefined, unsupported */
  US_AMF0_ARRAY,  /* strict array */
  US_AMF0_DATE,
} UsAmf0Type;

#define US_AMF0_ERROR us_amf0_error_quark ()
typedef enum {
  US_AMF0_ERROR_TRUNCATED, /* a length points behind the end */
  US_AMF0_ERROR_TYPE,      /* a marker that has no place here */
  US_AMF0_ERROR_LIMIT,     /* too deep or too many values */
} UsAmf0Error;
GQuark us_amf0_error_quark (void);

UsAmf0 *us_amf0_new_number (double number);
UsAmf0 *us_amf0_new_boolean (gboolean boolean);
UsAmf0 *us_amf0_new_string (const char *string);
UsAmf0 *us_amf0_new_null (void);
UsAmf0 *us_amf0_new_object (void);
/* (transfer full) @value; returns @object, so that calls chain */
UsAmf0 *us_amf0_set (UsAmf0 *object, const char *name, UsAmf0 *value);
UsAmf0 *us_amf0_copy (const UsAmf0 *value);
void us_amf0_free (UsAmf0 *value);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsAmf0, us_amf0_free)

UsAmf0Type us_amf0_get_type (const UsAmf0 *value);
const UsAmf0 *us_amf0_get (const UsAmf0 *object, const char *name); /* nullable in and out */
const UsAmf0 *us_amf0_get_nth (const UsAmf0 *value, guint index, const char **name);
/* The defaults are returned when @value is NULL or of another type: peers send anything. */
double us_amf0_get_number (const UsAmf0 *value, double fallback);
gboolean us_amf0_get_boolean (const UsAmf0 *value, gboolean fallback);
const char *us_amf0_get_string (const UsAmf0 *value, const char *fallback);
/* A string as sent, zero bytes and all; NULL when @value is no string. */
const char *us_amf0_get_bytes (const UsAmf0 *value, gsize *length);

/* Decodes all values of a message body (command name, transaction, ...).
 * Returns: (transfer full) (element-type UsAmf0): values, or NULL with US_AMF0_ERROR */
GPtrArray *us_amf0_decode (const guint8 *data, gsize size,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_amf0_encode (const UsAmf0 *value, GByteArray *out);

G_END_DECLS
