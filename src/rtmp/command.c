/* command.c - RTMP 1.0 section 7.1.1 and 7.2: reading and writing commands; pure */
#include "rtmp/command.h"

#include <stdarg.h>

#include "rtmp/chunk-writer.h"
#include "rtmp/error.h"

/**
 * us_rtmp_command_parse:
 * @message: a message of type 20, or of type 17 whose body is AMF0 behind a zero byte
 * @command: (out): its parts; to be cleared
 * @error: (out): US_AMF0_ERROR, or US_RTMP_ERROR_PROTOCOL when it does not begin with a name
 *
 * A missing or odd transaction id counts as 0: rtmp2sink sends 0 where others count.
 *
 * Returns: %FALSE when it is no command
 */
gboolean
us_rtmp_command_parse (const UsRtmpMessage *message, UsRtmpCommand *command, GError **error) {
  gsize size;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  if (message->type == US_RTMP_COMMAND_AMF3 && size > 0 && data[0] == 0) {
    data++;
    size--;
  }
  g_autoptr (GPtrArray) values = us_amf0_decode (data, size, error);
  if (values == NULL) {
    g_prefix_error (error, "a command cannot be read: ");
    return FALSE;
  }
  const char *name = values->len > 0 ? us_amf0_get_string (values->pdata[0], NULL) : NULL;
  if (name == NULL) {
    g_set_error_literal (error, US_RTMP_ERROR, US_RTMP_ERROR_PROTOCOL,
                         "a command does not begin with a name");
    return FALSE;
  }
  command->name = name;
  command->transaction = values->len > 1 ? us_amf0_get_number (values->pdata[1], 0) : 0;
  command->values = g_steal_pointer (&values);
  return TRUE;
}

/**
 * us_rtmp_command_get_argument:
 * @command: a command
 * @index: 0 for the command object, 1 for the first argument behind it ...
 *
 * Returns: (transfer none) (nullable): the argument, %NULL when the peer sent fewer
 */
const UsAmf0 *
us_rtmp_command_get_argument (const UsRtmpCommand *command, guint index) {
  return index + 2 < command->values->len ? command->values->pdata[index + 2] : NULL;
}

/**
 * us_rtmp_command_clear:
 * @command: a command
 */
void
us_rtmp_command_clear (UsRtmpCommand *command) {
  g_clear_pointer (&command->values, g_ptr_array_unref);
  *command = (UsRtmpCommand){ 0 };
}

/**
 * us_rtmp_command_write:
 * @out: the chunks are appended here
 * @chunk_bytes: the chunk size announced to the peer
 * @stream_id: message stream the command is about, 0 for the connection
 * @name: of the command
 * @transaction: its id
 * @...: (transfer full): #UsAmf0 arguments, then %NULL
 */
void
us_rtmp_command_write (GByteArray *out, guint32 chunk_bytes, guint32 stream_id, const char *name,
                       double transaction, ...) {
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (UsAmf0) first = us_amf0_new_string (name);
  g_autoptr (UsAmf0) second = us_amf0_new_number (transaction);
  us_amf0_encode (first, body);
  us_amf0_encode (second, body);
  va_list arguments;
  va_start (arguments, transaction);
  for (UsAmf0 *value; (value = va_arg (arguments, UsAmf0 *)) != NULL;) {
    us_amf0_encode (value, body);
    us_amf0_free (value);
  }
  va_end (arguments);
  UsRtmpMessage message = {
    .type = US_RTMP_COMMAND_AMF0,
    .chunk_stream = US_RTMP_COMMAND_CSID,
    .stream_id = stream_id,
  };
  us_rtmp_chunk_write (out, chunk_bytes, &message, body->data, body->len);
}

/**
 * us_rtmp_command_new_status:
 * @level: "status" or "error"
 * @code: such as "NetStream.Publish.Start"
 * @description: a sentence for people
 *
 * Returns: (transfer full): an info object of onStatus, _result or _error (RTMP 1.0 7.2.2)
 */
UsAmf0 *
us_rtmp_command_new_status (const char *level, const char *code, const char *description) {
  UsAmf0 *info = us_amf0_new_object ();
  us_amf0_set (info, "level", us_amf0_new_string (level));
  us_amf0_set (info, "code", us_amf0_new_string (code));
  us_amf0_set (info, "description", us_amf0_new_string (description));
  return info;
}
