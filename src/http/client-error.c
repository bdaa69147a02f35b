/* client-error.c - why a fetch failed, in the words that an operator tells apart
 *
 * Pure tables: from what libsoup and GIO report to #UsHttpError, and from that to words.
 */
#include "http/client-error.h"

G_DEFINE_QUARK (us_http_error, us_http_error)

/**
 * us_http_error_word:
 * @error: (nullable): of us_http_client_fetch_finish()
 *
 * Returns: a stable word for metrics and /healthz
 */
const char *
us_http_error_word (const GError *error) {
  static const char *const words[] = {
    [US_HTTP_ERROR_RESOLVE] = "resolve",
    [US_HTTP_ERROR_REFUSED] = "refused",
    [US_HTTP_ERROR_RESET] = "reset",
    [US_HTTP_ERROR_CONNECT_TIMEOUT] = "connect-timeout",
    [US_HTTP_ERROR_FIRST_BYTE_TIMEOUT] = "timeout",
    [US_HTTP_ERROR_DEADLINE] = "deadline",
    [US_HTTP_ERROR_TRUNCATED] = "truncated",
    [US_HTTP_ERROR_TOO_LARGE] = "too-large",
    [US_HTTP_ERROR_TLS] = "tls",
    [US_HTTP_ERROR_PROTOCOL] = "protocol",
    [US_HTTP_ERROR_CANCELLED] = "cancelled",
    [US_HTTP_ERROR_FORBIDDEN] = "forbidden",
  };

  if (error == NULL || error->domain != US_HTTP_ERROR || error->code < 0
      || error->code >= (int)G_N_ELEMENTS (words))
    return "unknown";
  return words[error->code];
}

static UsHttpError
code_of_io_error (int code, UsFetchStep step) {
  switch (code) {
  case G_IO_ERROR_CANCELLED:
    return US_HTTP_ERROR_CANCELLED;
  case G_IO_ERROR_TIMED_OUT:
    return step == US_FETCH_CONNECT ? US_HTTP_ERROR_CONNECT_TIMEOUT : US_HTTP_ERROR_RESET;
  case G_IO_ERROR_PARTIAL_INPUT:
    return step == US_FETCH_BODY ? US_HTTP_ERROR_TRUNCATED : US_HTTP_ERROR_RESET;
  case G_IO_ERROR_CONNECTION_REFUSED:
  case G_IO_ERROR_HOST_UNREACHABLE:
  case G_IO_ERROR_NETWORK_UNREACHABLE:
    return US_HTTP_ERROR_REFUSED;
  case G_IO_ERROR_CONNECTION_CLOSED: /* also G_IO_ERROR_BROKEN_PIPE: the same number */
  case G_IO_ERROR_NOT_CONNECTED:
  case G_IO_ERROR_CLOSED:
    return US_HTTP_ERROR_RESET;
  case G_IO_ERROR_HOST_NOT_FOUND:
    return US_HTTP_ERROR_RESOLVE;
  default:
    return step == US_FETCH_CONNECT ? US_HTTP_ERROR_REFUSED : US_HTTP_ERROR_PROTOCOL;
  }
}

/**
 * us_http_error_code_of:
 * @error: of libsoup or GIO
 * @step: where it came up
 *
 * Returns: what an operator would call it
 */
UsHttpError
us_http_error_code_of (const GError *error, UsFetchStep step) {
  if (error->domain == G_IO_ERROR)
    return code_of_io_error (error->code, step);
  if (error->domain == G_RESOLVER_ERROR)
    return US_HTTP_ERROR_RESOLVE;
  if (error->domain == G_TLS_ERROR)
    return US_HTTP_ERROR_TLS;
  return US_HTTP_ERROR_PROTOCOL;
}

/**
 * us_http_error_sentence:
 *
 * Returns: what went wrong, as the begin of a message, and fit to follow "failed: "
 */
const char *
us_http_error_sentence (UsHttpError code) {
  switch (code) {
  case US_HTTP_ERROR_CONNECT_TIMEOUT:
    return "no connection in time";
  case US_HTTP_ERROR_FIRST_BYTE_TIMEOUT:
    return "no answer in time";
  case US_HTTP_ERROR_DEADLINE:
    return "the answer was not whole in time";
  case US_HTTP_ERROR_TOO_LARGE:
    return "the answer is larger than allowed";
  case US_HTTP_ERROR_TRUNCATED:
    return "the answer ended before its length";
  case US_HTTP_ERROR_CANCELLED:
    return "cancelled";
  case US_HTTP_ERROR_FORBIDDEN:
    return "not allowed";
  case US_HTTP_ERROR_RESOLVE:
    return "the name has no address";
  case US_HTTP_ERROR_REFUSED:
    return "no connection";
  case US_HTTP_ERROR_RESET:
    return "the connection ended";
  case US_HTTP_ERROR_TLS:
    return "no secure connection";
  case US_HTTP_ERROR_PROTOCOL:
  default:
    return "no proper answer";
  }
}
