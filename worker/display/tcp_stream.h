// A TCP connection that is never waited for: the socket under the display's LCDd. One thread.
#pragma once

#include <string>
#include <string_view>

#include "hardware/display/stream.h"

namespace picube {

// "127.0.0.1:13666", "[::1]:13666", "localhost:13666". Other names are not looked up: that may take
// half a minute, and whoever draws must not wait.
[[nodiscard]] bool IsTcpAddress(std::string_view text);

class TcpStream : public ByteStream {
 public:
  explicit TcpStream(std::string address);  // as above; else Open fails
  ~TcpStream() override;
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;

  [[nodiscard]] Status Open() override;
  [[nodiscard]] Result<std::size_t> Write(std::string_view bytes) override;
  [[nodiscard]] Status Read(std::string& into) override;
  void Close() override;
  [[nodiscard]] std::string Name() const override { return address_; }

 private:
  // True once it is connected; false while it is on its way.
  [[nodiscard]] Result<bool> Connected();
  [[nodiscard]] std::unexpected<Error> Failed(int why) const;

  std::string address_;
  int socket_ = -1;
  bool connected_ = false;
};

}  // namespace picube
