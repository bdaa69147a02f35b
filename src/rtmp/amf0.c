/* amf0.c - AMF0 values (Adobe "Action Message Format -- AMF 0", 2007)
 *
 * A value is a small tree owned by its root; no thread or loop is involved. What a peer sends is
 * bounded before memory is taken for it: every length is compared with the bytes that are really
 * there, containers nest at most US_AMF0_MAX_DEPTH deep (so the functions below may call
 * themselves), and one message holds at most US_AMF0_MAX_VALUES values.
 */
#include "rtmp/amf0.h"

#include <string.h>

#include "rtmp/bytes.h"

/* AMF0 2.1: type markers. References, movie clips and record sets are refused. */
enum {
  MARKER_NUMBER = 0x00,
  MARKER_BOOLEAN = 0x01,
  MARKER_STRING = 0x02,
  MARKER_OBJECT = 0x03,
  MARKER_NULL = 0x05,
  MARKER_UNDEFINED = 0x06,
  MARKER_ECMA_ARRAY = 0x08,
  MARKER_OBJECT_END = 0x09,
  MARKER_STRICT_ARRAY = 0x0a,
  MARKER_DATE = 0x0b,
  MARKER_LONG_STRING = 0x0c,
  MARKER_UNSUPPORTED = 0x0d,
  MARKER_XML_DOCUMENT = 0x0f,
  MARKER_TYPED_OBJECT = 0x10,
};

typedef struct {
  char *name; /* NULL in strict arrays */
  UsAmf0 *value;
} Member;

struct UsAmf0 {
  UsAmf0Type type;
  double number; /* also boolean, and the milliseconds of a date */
  char *string;  /* of peers: raw bytes with a zero added behind them */
  gsize length;
  GArray *members; /* of Member; objects and arrays */
};

typedef struct {
  const guint8 *data;
  gsize size;
  guint values;
} Reader;

G_DEFINE_QUARK (us_amf0_error, us_amf0_error)

static void
member_clear (gpointer data) {
  Member *member = data;
  g_free (member->name);
  us_amf0_free (member->value);
}

static UsAmf0 *
value_new (UsAmf0Type type) {
  UsAmf0 *value = g_new0 (UsAmf0, 1);
  value->type = type;
  if (type == US_AMF0_OBJECT || type == US_AMF0_ARRAY) {
    value->members = g_array_new (FALSE, FALSE, sizeof (Member));
    g_array_set_clear_func (value->members, member_clear);
  }
  return value;
}

static void
value_append (UsAmf0 *container, char *name, UsAmf0 *value) {
  Member member = { name, value };
  g_array_append_val (container->members, member);
}

/**
 * us_amf0_new_number:
 * @number: any double
 *
 * Returns: (transfer full): a number
 */
UsAmf0 *
us_amf0_new_number (double number) {
  UsAmf0 *value = value_new (US_AMF0_NUMBER);
  value->number = number;
  return value;
}

/**
 * us_amf0_new_boolean:
 * @boolean: %TRUE or %FALSE
 *
 * Returns: (transfer full): a boolean
 */
UsAmf0 *
us_amf0_new_boolean (gboolean boolean) {
  UsAmf0 *value = value_new (US_AMF0_BOOLEAN);
  value->number = boolean ? 1 : 0;
  return value;
}

static UsAmf0 *
value_new_string (const char *bytes, gsize length) {
  UsAmf0 *value = value_new (US_AMF0_STRING);
  value->string = g_malloc (length + 1);
  memcpy (value->string, bytes, length);
  value->string[length] = '\0';
  value->length = length;
  return value;
}

/**
 * us_amf0_new_string:
 * @string: UTF-8; longer than 65535 bytes becomes a long string on the wire
 *
 * Returns: (transfer full): a string
 */
UsAmf0 *
us_amf0_new_string (const char *string) {
  g_return_val_if_fail (string != NULL, NULL);
  return value_new_string (string, strlen (string));
}

/**
 * us_amf0_new_null:
 *
 * Returns: (transfer full): a null
 */
UsAmf0 *
us_amf0_new_null (void) {
  return value_new (US_AMF0_NULL);
}

/**
 * us_amf0_new_object:
 *
 * Returns: (transfer full): an object without members
 */
UsAmf0 *
us_amf0_new_object (void) {
  return value_new (US_AMF0_OBJECT);
}

/**
 * us_amf0_set:
 * @object: an object
 * @name: name of the member, below 65536 bytes
 * @value: (transfer full): its value; replaces an earlier one of the same name
 *
 * Returns: (transfer none): @object, so that calls chain
 */
UsAmf0 *
us_amf0_set (UsAmf0 *object, const char *name, UsAmf0 *value) {
  g_return_val_if_fail (object != NULL && object->type == US_AMF0_OBJECT, object);
  g_return_val_if_fail (name != NULL && strlen (name) <= G_MAXUINT16 && value != NULL, object);
  for (guint i = 0; i < object->members->len; i++) {
    Member *member = &g_array_index (object->members, Member, i);
    if (strcmp (member->name, name) == 0) {
      us_amf0_free (member->value);
      member->value = value;
      return object;
    }
  }
  value_append (object, g_strdup (name), value);
  return object;
}

/**
 * us_amf0_copy:
 * @value: a value
 *
 * Returns: (transfer full): a deep copy
 */
UsAmf0 *
us_amf0_copy (const UsAmf0 *value) {
  g_return_val_if_fail (value != NULL, NULL);
  UsAmf0 *copy = value_new (value->type);
  copy->number = value->number;
  if (value->string != NULL) {
    copy->string = g_memdup2 (value->string, value->length + 1);
    copy->length = value->length;
  }
  for (guint i = 0; value->members != NULL && i < value->members->len; i++) {
    const Member *member = &g_array_index (value->members, Member, i);
    value_append (copy, g_strdup (member->name), us_amf0_copy (member->value));
  }
  return copy;
}

/**
 * us_amf0_free:
 * @value: (nullable) (transfer full): a value and all that hangs on it
 */
void
us_amf0_free (UsAmf0 *value) {
  if (value == NULL)
    return;
  g_free (value->string);
  g_clear_pointer (&value->members, g_array_unref);
  g_free (value);
}

/**
 * us_amf0_get_type:
 * @value: a value
 *
 * Returns: its type
 */
UsAmf0Type
us_amf0_get_type (const UsAmf0 *value) {
  g_return_val_if_fail (value != NULL, US_AMF0_NULL);
  return value->type;
}

/**
 * us_amf0_get:
 * @object: (nullable): any value
 * @name: name of a member
 *
 * Returns: (transfer none) (nullable): the first member of that name; %NULL when there is none or
 *   @object is no object
 */
const UsAmf0 *
us_amf0_get (const UsAmf0 *object, const char *name) {
  if (object == NULL || object->type != US_AMF0_OBJECT)
    return NULL;
  for (guint i = 0; i < object->members->len; i++) {
    const Member *member = &g_array_index (object->members, Member, i);
    if (strcmp (member->name, name) == 0)
      return member->value;
  }
  return NULL;
}

/**
 * us_amf0_get_nth:
 * @value: (nullable): any value
 * @index: from 0
 * @name: (out) (optional) (nullable): of a member; what it is of an item of an array says nothing
 *
 * Returns: (transfer none) (nullable): a member of an object or an item of an array; %NULL when
 *   there are fewer, or @value is neither
 */
const UsAmf0 *
us_amf0_get_nth (const UsAmf0 *value, guint index, const char **name) {
  if (value == NULL || value->members == NULL || index >= value->members->len)
    return NULL;
  const Member *member = &g_array_index (value->members, Member, index);
  if (name != NULL)
    *name = member->name;
  return member->value;
}

/**
 * us_amf0_get_number:
 * @value: (nullable): any value
 * @fallback: what to return when @value is no number
 *
 * Returns: the number, which may be infinite or not a number when a peer sent that
 */
double
us_amf0_get_number (const UsAmf0 *value, double fallback) {
  return value != NULL && value->type == US_AMF0_NUMBER ? value->number : fallback;
}

/**
 * us_amf0_get_boolean:
 * @value: (nullable): any value
 * @fallback: what to return when @value is no boolean
 *
 * Returns: the boolean
 */
gboolean
us_amf0_get_boolean (const UsAmf0 *value, gboolean fallback) {
  return value != NULL && value->type == US_AMF0_BOOLEAN ? value->number != 0 : fallback;
}

/**
 * us_amf0_get_string:
 * @value: (nullable): any value
 * @fallback: (nullable): what to return when @value is no string
 *
 * Returns: (transfer none) (nullable): the string; what a peer sent need not be UTF-8 and may hold
 *   zero bytes: see us_amf0_get_bytes()
 */
const char *
us_amf0_get_string (const UsAmf0 *value, const char *fallback) {
  return value != NULL && value->type == US_AMF0_STRING ? value->string : fallback;
}

/**
 * us_amf0_get_bytes:
 * @value: (nullable): any value
 * @length: (out): bytes of the string as sent, zero bytes included
 *
 * Returns: (transfer none) (nullable): the bytes of a string, %NULL when @value is none
 */
const char *
us_amf0_get_bytes (const UsAmf0 *value, gsize *length) {
  if (value == NULL || value->type != US_AMF0_STRING)
    return NULL;
  *length = value->length;
  return value->string;
}

/* Takes @count bytes, or says what they were for. */
static const guint8 *
reader_take (Reader *reader, gsize count, const char *what, GError **error) {
  if (count > reader->size) {
    g_set_error (error, US_AMF0_ERROR, US_AMF0_ERROR_TRUNCATED,
                 "AMF0 %s needs %" G_GSIZE_FORMAT " bytes, %" G_GSIZE_FORMAT " are left", what,
                 count, reader->size);
    return NULL;
  }
  const guint8 *taken = reader->data;
  reader->data += count;
  reader->size -= count;
  return taken;
}

static double
read_double (const guint8 *p) {
  guint64 bits = (guint64)us_read_u32 (p) << 32 | us_read_u32 (p + 4);
  double number;
  memcpy (&number, &bits, sizeof number);
  return number;
}

/* A string behind a length of @width (2 or 4) bytes. */
static const guint8 *
read_string (Reader *reader, gsize width, const char *what, gsize *length, GError **error) {
  const guint8 *p = reader_take (reader, width, what, error);
  if (p == NULL)
    return NULL;
  *length = width == 2 ? us_read_u16 (p) : us_read_u32 (p);
  return reader_take (reader, *length, what, error);
}

static UsAmf0 *read_value (Reader *reader, guint depth, GError **error);

/* AMF0 2.5: pairs of name and value up to an empty name followed by the end marker. */
static gboolean
read_members (Reader *reader, UsAmf0 *object, guint depth, GError **error) {
  for (;;) {
    gsize length;
    const guint8 *name = read_string (reader, 2, "member name", &length, error);
    if (name == NULL)
      return FALSE;
    if (length == 0 && reader->size > 0 && reader->data[0] == MARKER_OBJECT_END) {
      reader->data++;
      reader->size--;
      return TRUE;
    }
    UsAmf0 *value = read_value (reader, depth, error);
    if (value == NULL)
      return FALSE;
    value_append (object, g_strndup ((const char *)name, length), value);
  }
}

static gboolean
read_elements (Reader *reader, UsAmf0 *array, guint depth, GError **error) {
  const guint8 *p = reader_take (reader, 4, "array count", error);
  if (p == NULL)
    return FALSE;
  guint32 count = us_read_u32 (p);
  /* Every element has at least its marker byte, so a greater count is a lie. */
  if (count > reader->size) {
    g_set_error (error, US_AMF0_ERROR, US_AMF0_ERROR_TRUNCATED,
                 "AMF0 array claims %u elements, %" G_GSIZE_FORMAT " bytes are left", count,
                 reader->size);
    return FALSE;
  }
  for (guint32 i = 0; i < count; i++) {
    UsAmf0 *value = read_value (reader, depth, error);
    if (value == NULL)
      return FALSE;
    value_append (array, NULL, value);
  }
  return TRUE;
}

static UsAmf0 *
read_container (Reader *reader, guint8 marker, guint depth, GError **error) {
  if (depth >= US_AMF0_MAX_DEPTH) {
    g_set_error (error, US_AMF0_ERROR, US_AMF0_ERROR_LIMIT, "AMF0 values nest deeper than %d",
                 US_AMF0_MAX_DEPTH);
    return NULL;
  }
  gsize length;
  /* The class name of a typed object says nothing to us, nor does the count of an ECMA array:
   * peers send 0 or a wrong one, the end marker decides (AMF0 2.10). */
  if (marker == MARKER_TYPED_OBJECT
      && read_string (reader, 2, "class name", &length, error) == NULL)
    return NULL;
  if (marker == MARKER_ECMA_ARRAY && reader_take (reader, 4, "ECMA array count", error) == NULL)
    return NULL;

  gboolean is_array = marker == MARKER_STRICT_ARRAY;
  g_autoptr (UsAmf0) container = value_new (is_array ? US_AMF0_ARRAY : US_AMF0_OBJECT);
  gboolean ok = is_array ? read_elements (reader, container, depth + 1, error)
                         : read_members (reader, container, depth + 1, error);
  return ok ? g_steal_pointer (&container) : NULL;
}

static UsAmf0 *
read_text (Reader *reader, gsize width, GError **error) {
  gsize length;
  const guint8 *p = read_string (reader, width, "string", &length, error);
  return p != NULL ? value_new_string ((const char *)p, length) : NULL;
}

static UsAmf0 *
read_scalar (Reader *reader, UsAmf0Type type, gsize size, GError **error) {
  const guint8 *p = reader_take (reader, size, "value", error);
  if (p == NULL)
    return NULL;
  UsAmf0 *value = value_new (type);
  if (size > 0)
    value->number = size == 1 ? p[0] != 0 : read_double (p);
  return value;
}

static UsAmf0 *
read_value (Reader *reader, guint depth, GError **error) {
  const guint8 *p = reader_take (reader, 1, "marker", error);
  if (p == NULL)
    return NULL;
  if (++reader->values > US_AMF0_MAX_VALUES) {
    g_set_error (error, US_AMF0_ERROR, US_AMF0_ERROR_LIMIT,
                 "more than %d AMF0 values in one message", US_AMF0_MAX_VALUES);
    return NULL;
  }
  switch (p[0]) {
  case MARKER_NUMBER:
    return read_scalar (reader, US_AMF0_NUMBER, 8, error);
  case MARKER_BOOLEAN:
    return read_scalar (reader, US_AMF0_BOOLEAN, 1, error);
  case MARKER_NULL:
  case MARKER_UNDEFINED:
  case MARKER_UNSUPPORTED:
    return read_scalar (reader, US_AMF0_NULL, 0, error);
  case MARKER_DATE: /* milliseconds, and a time zone that must be 0 */
    return read_scalar (reader, US_AMF0_DATE, 10, error);
  case MARKER_STRING:
    return read_text (reader, 2, error);
  case MARKER_LONG_STRING:
  case MARKER_XML_DOCUMENT:
    return read_text (reader, 4, error);
  case MARKER_OBJECT:
  case MARKER_TYPED_OBJECT:
  case MARKER_ECMA_ARRAY:
  case MARKER_STRICT_ARRAY:
    return read_container (reader, p[0], depth, error);
  default:
    g_set_error (error, US_AMF0_ERROR, US_AMF0_ERROR_TYPE, "AMF0 marker 0x%02x has no place here",
                 p[0]);
    return NULL;
  }
}

/**
 * us_amf0_decode:
 * @data: (array length=size): a whole message body
 * @size: its length; 0 gives no values
 * @error: (out): US_AMF0_ERROR
 *
 * The switch to AMF3 (marker 0x11) is a type error: nothing that publishes needs it.
 *
 * Returns: (transfer full) (element-type UsAmf0): the values in order, or %NULL
 */
GPtrArray *
us_amf0_decode (const guint8 *data, gsize size, GError **error) {
  Reader reader = { data, size, 0 };
  g_autoptr (GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify)us_amf0_free);
  while (reader.size > 0) {
    UsAmf0 *value = read_value (&reader, 0, error);
    if (value == NULL)
      return NULL;
    g_ptr_array_add (values, value);
  }
  return g_steal_pointer (&values);
}

static void
append_u8 (GByteArray *out, guint8 byte) {
  g_byte_array_append (out, &byte, 1);
}

static void
append_double (GByteArray *out, double number) {
  guint64 bits;
  memcpy (&bits, &number, sizeof bits);
  guint8 wire[8];
  us_write_u32 (wire, (guint32)(bits >> 32));
  us_write_u32 (wire + 4, (guint32)bits);
  g_byte_array_append (out, wire, sizeof wire);
}

static void
append_string (GByteArray *out, const char *string, gsize length) {
  guint8 wire[4];
  gsize width = length <= G_MAXUINT16 ? 2 : 4;
  if (width == 2)
    us_write_u16 (wire, (guint32)length);
  else
    us_write_u32 (wire, (guint32)length);
  g_byte_array_append (out, wire, (guint)width);
  g_byte_array_append (out, (const guint8 *)string, (guint)length);
}

static void
append_members (GByteArray *out, const UsAmf0 *object) {
  for (guint i = 0; i < object->members->len; i++) {
    const Member *member = &g_array_index (object->members, Member, i);
    append_string (out, member->name, strlen (member->name));
    us_amf0_encode (member->value, out);
  }
  static const guint8 end[] = { 0, 0, MARKER_OBJECT_END };
  g_byte_array_append (out, end, sizeof end);
}

static void
append_elements (GByteArray *out, const UsAmf0 *array) {
  guint8 count[4];
  us_write_u32 (count, array->members->len);
  g_byte_array_append (out, count, sizeof count);
  for (guint i = 0; i < array->members->len; i++)
    us_amf0_encode (g_array_index (array->members, Member, i).value, out);
}

/**
 * us_amf0_encode:
 * @value: a value
 * @out: the bytes are appended here
 *
 * ECMA arrays and typed objects that were decoded go out as plain objects.
 */
void
us_amf0_encode (const UsAmf0 *value, GByteArray *out) {
  g_return_if_fail (value != NULL && out != NULL);
  switch (value->type) {
  case US_AMF0_NUMBER:
    append_u8 (out, MARKER_NUMBER);
    append_double (out, value->number);
    break;
  case US_AMF0_BOOLEAN:
    append_u8 (out, MARKER_BOOLEAN);
    append_u8 (out, value->number != 0);
    break;
  case US_AMF0_STRING:
    append_u8 (out, value->length <= G_MAXUINT16 ? MARKER_STRING : MARKER_LONG_STRING);
    append_string (out, value->string, value->length);
    break;
  case US_AMF0_OBJECT:
    append_u8 (out, MARKER_OBJECT);
    append_members (out, value);
    break;
  case US_AMF0_ARRAY:
    append_u8 (out, MARKER_STRICT_ARRAY);
    append_elements (out, value);
    break;
  case US_AMF0_DATE:
    append_u8 (out, MARKER_DATE);
    append_double (out, value->number);
    g_byte_array_append (out, (const guint8[]){ 0, 0 }, 2);
    break;
  case US_AMF0_NULL:
  default:
    append_u8 (out, MARKER_NULL);
    break;
  }
}
