// What is behind a Context. Only for the .cpp files of this folder: it brings zmq.hpp.
#pragma once

#include <zmq.hpp>

#include "protocol/transport/context.h"

namespace picube {

class Context::Impl {
 public:
  explicit Impl(int io_threads) : context(io_threads) {
    // The default of 1023 sockets is too few for a load generator; the limit is the library's own.
    const int most = zmq_ctx_get(context.handle(), ZMQ_SOCKET_LIMIT);
    if (most > 0) context.set(zmq::ctxopt::max_sockets, most);
  }
  zmq::context_t context;
};

}  // namespace picube
