// What switches a fan. One thread.
#pragma once

#include "protocol/base/error.h"

namespace picube {

class FanOutput {
 public:
  // An output switches its fan on when it ends, as far as it can: nobody watches the heat any more.
  virtual ~FanOutput() = default;
  // About once a second, also without a change: the kernel's own governor overwrites what is
  // written within two seconds. kHost: it could not be switched; the next call tries again.
  [[nodiscard]] virtual Status Set(bool on) = 0;
};

}  // namespace picube
