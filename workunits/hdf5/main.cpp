// picube-hdf5-reader: reads the HDF5 file that is open as descriptor 4 and answers questions on the
// socket that is descriptor 3 (workunits/formats/hdf5_messages.h). Started by hdf5::Process; of no
// use to people. Ends when the socket does, or when one answer takes over two minutes.
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "workunits/hdf5/confine.h"
#include "workunits/hdf5/reader.h"

namespace {

using picube::Bytes;

constexpr int kSocket = 3;
constexpr int kFile = 4;
constexpr int kMostSeconds = 120;  // whoever asked has given up long before

bool Receive(void* to, std::size_t bytes) {
  auto* at = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t got = ::recv(kSocket, at, bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}
bool Send(const char* from, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t sent = ::send(kSocket, from, bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    from += sent;
    bytes -= static_cast<std::size_t>(sent);
  }
  return true;
}

void SetAlarm(int seconds) {
  itimerval timer{};
  timer.it_value.tv_sec = seconds;
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

bool AnswerOne(picube::hdf5::Reader& reader, std::vector<char>& values) {
  std::uint32_t length = 0;
  if (!Receive(&length, sizeof length) || length > picube::hdf5::kMostMessageBytes) return false;
  Bytes bytes(length, '\0');
  if (!Receive(bytes.data(), length)) return false;
  const auto question = picube::hdf5::DecodeQuestion(bytes);
  if (!question) return false;
  SetAlarm(kMostSeconds);
  const Bytes answer = Encode(reader.AnswerTo(*question, values));
  SetAlarm(0);
  const auto size = static_cast<std::uint32_t>(answer.size());
  Bytes framed(reinterpret_cast<const char*>(&size), sizeof size);
  framed += answer;
  return Send(framed.data(), framed.size()) && Send(values.data(), values.size());
}

}  // namespace

int main() {
  int type = 0;
  socklen_t length = sizeof type;
  if (::getsockopt(kSocket, SOL_SOCKET, SO_TYPE, &type, &length) < 0) {
    static constexpr char kUse[] =
        "picube-hdf5-reader is started by picube programs to read one HDF5 file.\n";
    static_cast<void>(::write(2, kUse, sizeof kUse - 1));
    return 2;
  }
  picube::hdf5::LoadFilters();
  picube::hdf5::Confine();
  picube::hdf5::Reader reader(kFile);
  std::vector<char> values;
  while (AnswerOne(reader, values)) {
  }
  ::_exit(0);
}
