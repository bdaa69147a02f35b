/* stream.c - the GIOStream that libsoup sees of a connection
 *
 * libsoup is given this instead of a GSocketConnection, for four reasons:
 *  - its sources are no poll descriptors. GLib polls each descriptor of each iteration; one epoll
 *    set per shard (shard.c) costs the same with 5,000 idle viewers as with none.
 *  - every byte passes here, so that the guard knows what a connection does without asking.
 *  - header and body leave in one system call.
 *  - the connection outlives it: an idle one is taken out of libsoup (parked) and comes back with a
 *    new stream at its next byte.
 *
 * Letting go of a connection: SoupServer 3.2 forgets one for ever, descriptor and all, when it
 * closes before the first byte of a request. It drops it properly when a request has begun. So a
 * stream that must end while libsoup has nothing of a request first reads as one broken line
 * ("poison") and only then fails.
 *
 * Owned by libsoup; used in its shard's thread only. It ends when libsoup closes it, which tells
 * the connection.
 */
#include "http/stream.h"

typedef struct {
  GInputStream parent_instance;
  UsHttpConnection *connection; /* nullable */
} UsHttpInput;
typedef GInputStreamClass UsHttpInputClass;

typedef struct {
  GOutputStream parent_instance;
  UsHttpConnection *connection; /* nullable */
} UsHttpOutput;
typedef GOutputStreamClass UsHttpOutputClass;

struct _UsHttpStream {
  GIOStream parent_instance;
  UsHttpConnection *connection; /* nullable */
  UsHttpInput *input;
  UsHttpOutput *output;
};

static GType us_http_input_get_type (void);
static GType us_http_output_get_type (void);
static void input_pollable_init (GPollableInputStreamInterface *iface);
static void output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_TYPE_WITH_CODE (UsHttpInput, us_http_input, G_TYPE_INPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, input_pollable_init))
G_DEFINE_TYPE_WITH_CODE (UsHttpOutput, us_http_output, G_TYPE_OUTPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                output_pollable_init))
G_DEFINE_FINAL_TYPE (UsHttpStream, us_http_stream, G_TYPE_IO_STREAM)

/* A source that is ready when the connection says so. The shard's epoll source, which comes first
 * in the same iteration, has set the flags by the time this is checked. */
typedef struct {
  GSource source;
  GObject *stream; /* owned: the input or the output */
  gboolean is_output;
} StreamSource;

static gboolean
is_ready (const UsHttpConnection *connection, gboolean is_output) {
  return connection == NULL || connection->is_leaving
         || (is_output ? connection->is_writable
                       : connection->is_readable || connection->is_inbox_fresh
                             || connection->n_header > 0);
}

static gboolean
stream_source_check (GSource *source) {
  StreamSource *self = (StreamSource *)source;

  return is_ready (self->is_output ? ((UsHttpOutput *)self->stream)->connection
                                   : ((UsHttpInput *)self->stream)->connection,
                   self->is_output);
}

static gboolean
stream_source_prepare (GSource *source, int *timeout) {
  *timeout = -1;
  return stream_source_check (source);
}

static gboolean
stream_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data) {
  StreamSource *self = (StreamSource *)source;

  if (callback == NULL)
    return G_SOURCE_CONTINUE;
  return ((GPollableSourceFunc)(void (*) (void))callback) (self->stream, user_data);
}

static void
stream_source_finalize (GSource *source) {
  g_object_unref (((StreamSource *)source)->stream);
}

/* libsoup makes this a child of a source of its own and gives it a dummy callback by closure. */
static gboolean
stream_source_closure (GObject *stream, gpointer data) {
  g_auto (GValue) result = G_VALUE_INIT, param = G_VALUE_INIT;

  g_value_init (&result, G_TYPE_BOOLEAN);
  g_value_init (&param, G_TYPE_OBJECT);
  g_value_set_object (&param, stream);
  g_closure_invoke (data, &result, 1, &param, NULL);
  return g_value_get_boolean (&result);
}

static GSourceFuncs stream_source_funcs = {
  .prepare = stream_source_prepare,
  .check = stream_source_check,
  .dispatch = stream_source_dispatch,
  .finalize = stream_source_finalize,
  .closure_callback = (GSourceFunc)(void (*) (void))stream_source_closure,
};

static GSource *
stream_source_new (gpointer stream, gboolean is_output, GCancellable *cancellable) {
  GSource *source = g_source_new (&stream_source_funcs, sizeof (StreamSource));

  ((StreamSource *)source)->stream = g_object_ref (stream);
  ((StreamSource *)source)->is_output = is_output;
  g_source_set_static_name (source, is_output ? "us-http-output" : "us-http-input");
  if (cancellable != NULL) {
    g_autoptr (GSource) cancel = g_cancellable_source_new (cancellable);

    g_source_set_dummy_callback (cancel);
    g_source_add_child_source (source, cancel);
  }
  return source;
}

static gssize
fail_closed (GError **error) {
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "connection closed");
  return -1;
}

static gssize
input_read (GPollableInputStream *stream, void *buffer, gsize count, GError **error) {
  UsHttpInput *self = (UsHttpInput *)stream;

  if (self->connection == NULL)
    return fail_closed (error);
  return us_http_connection_read (self->connection, buffer, count, error);
}

static gssize
input_read_fn (GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable,
               GError **error) {
  return input_read (G_POLLABLE_INPUT_STREAM (stream), buffer, count, error);
}

static gboolean
input_is_readable (GPollableInputStream *stream) {
  return is_ready (((UsHttpInput *)stream)->connection, FALSE);
}

static GSource *
input_create_source (GPollableInputStream *stream, GCancellable *cancellable) {
  return stream_source_new (stream, FALSE, cancellable);
}

static void
input_pollable_init (GPollableInputStreamInterface *iface) {
  iface->is_readable = input_is_readable;
  iface->create_source = input_create_source;
  iface->read_nonblocking = input_read;
}

static void
us_http_input_class_init (UsHttpInputClass *klass) {
  klass->read_fn = input_read_fn;
}

static void
us_http_input_init (UsHttpInput *self) {
}

static gssize
output_write (GPollableOutputStream *stream, const void *data, gsize size, GError **error) {
  UsHttpOutput *self = (UsHttpOutput *)stream;

  if (self->connection == NULL)
    return fail_closed (error);
  return us_http_connection_write (self->connection, data, size, error);
}

static gssize
output_write_fn (GOutputStream *stream, const void *data, gsize size, GCancellable *cancellable,
                 GError **error) {
  return output_write (G_POLLABLE_OUTPUT_STREAM (stream), data, size, error);
}

static gboolean
output_is_writable (GPollableOutputStream *stream) {
  return is_ready (((UsHttpOutput *)stream)->connection, TRUE);
}

static GSource *
output_create_source (GPollableOutputStream *stream, GCancellable *cancellable) {
  return stream_source_new (stream, TRUE, cancellable);
}

static void
output_pollable_init (GPollableOutputStreamInterface *iface) {
  iface->is_writable = output_is_writable;
  iface->create_source = output_create_source;
  iface->write_nonblocking = output_write;
}

static void
us_http_output_class_init (UsHttpOutputClass *klass) {
  klass->write_fn = output_write_fn;
}

static void
us_http_output_init (UsHttpOutput *self) {
}

static GInputStream *
us_http_stream_get_input (GIOStream *stream) {
  return (GInputStream *)US_HTTP_STREAM (stream)->input;
}

static GOutputStream *
us_http_stream_get_output (GIOStream *stream) {
  return (GOutputStream *)US_HTTP_STREAM (stream)->output;
}

static gboolean
us_http_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error) {
  UsHttpStream *self = US_HTTP_STREAM (stream);
  UsHttpConnection *connection = self->connection;

  if (connection == NULL)
    return TRUE;
  us_http_stream_detach (self);
  us_http_connection_released (connection);
  return TRUE;
}

static void
us_http_stream_finalize (GObject *object) {
  UsHttpStream *self = US_HTTP_STREAM (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  G_OBJECT_CLASS (us_http_stream_parent_class)->finalize (object);
}

static void
us_http_stream_class_init (UsHttpStreamClass *klass) {
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = us_http_stream_finalize;
  stream_class->get_input_stream = us_http_stream_get_input;
  stream_class->get_output_stream = us_http_stream_get_output;
  stream_class->close_fn = us_http_stream_close;
}

static void
us_http_stream_init (UsHttpStream *self) {
  self->input = g_object_new (us_http_input_get_type (), NULL);
  self->output = g_object_new (us_http_output_get_type (), NULL);
}

/**
 * us_http_stream_new:
 * @connection: what it reads and writes; must detach the stream before it goes
 *
 * Returns: (transfer full): a stream
 */
UsHttpStream *
us_http_stream_new (UsHttpConnection *connection) {
  UsHttpStream *self = g_object_new (US_TYPE_HTTP_STREAM, NULL);

  self->connection = connection;
  self->input->connection = connection;
  self->output->connection = connection;
  return self;
}

void
us_http_stream_detach (UsHttpStream *self) {
  self->connection = NULL;
  self->input->connection = NULL;
  self->output->connection = NULL;
}
