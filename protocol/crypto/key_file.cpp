// The key file: three lines of text and a checksum, so that damage is told from a wrong key.
//
//   picube-keys 1
//   transport <64 hex digits: the Curve25519 secret>
//   signing <64 hex digits: the Ed25519 seed>
//   check <64 hex digits: BLAKE2b-256 of the three lines>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "protocol/base/descriptor.h"
#include "protocol/crypto/hash.h"
#include "protocol/crypto/keys.h"

namespace picube {
namespace {

constexpr std::string_view kFirstLine = "picube-keys 1\n";
constexpr std::size_t kMostFileBytes = 1024;

// Text that holds secrets: wiped at the end. Reserved once, so that no copy is left by growing.
class SecretText {
 public:
  SecretText() { text_.reserve(kMostFileBytes); }
  ~SecretText() { Wipe(text_.data(), text_.capacity()); }
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  std::string& operator*() { return text_; }

 private:
  std::string text_;
};

std::unexpected<Error> SystemError(const std::string& doing, const std::string& path,
                                   std::string next = {}) {
  return Fail(ErrorKind::kHost, "Cannot " + doing + " " + path + ": " + std::strerror(errno) + ".",
              std::move(next));
}

bool WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool ReadAll(int descriptor, std::string& text) {
  for (;;) {
    char block[256];
    const ssize_t got = ::read(descriptor, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got > 0 && text.size() + static_cast<std::size_t>(got) <= kMostFileBytes) {
      text.append(block, static_cast<std::size_t>(got));
      continue;
    }
    Wipe(block, sizeof block);
    return got == 0;
  }
}

void SyncFolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a folder; the file itself is synced already.
  if (opened.Get() >= 0) (void)::fsync(opened.Get());
}

void AppendHex(std::string& text, const std::uint8_t* bytes, std::size_t size) {
  char hex[2 * 64 + 1];
  sodium_bin2hex(hex, sizeof hex, bytes, size);
  text += hex;
  Wipe(hex, sizeof hex);
}

// "word <hex>\n" at the start of `rest`.
bool TakeLine(std::string_view& rest, std::string_view word, std::uint8_t* out) {
  constexpr std::size_t kHex = 64;
  const std::size_t line = word.size() + 1 + kHex + 1;
  if (rest.size() < line || !rest.starts_with(word) || rest[word.size()] != ' ' ||
      rest[line - 1] != '\n' || !FromHex(rest.substr(word.size() + 1, kHex), out, kHex / 2)) {
    return false;
  }
  rest.remove_prefix(line);
  return true;
}

Status CheckOwnerAndMode(int descriptor, const std::string& path) {
  struct stat facts = {};
  if (::fstat(descriptor, &facts) != 0) return SystemError("look at", path);
  if (!S_ISREG(facts.st_mode)) return Fail(ErrorKind::kHost, path + " is not a file.");
  if (facts.st_uid != ::geteuid()) {
    return Fail(ErrorKind::kHost, "The key file " + path + " belongs to another user.",
                "Run: sudo chown $(id -un) " + path);
  }
  if ((facts.st_mode & 077) != 0) {
    return Fail(ErrorKind::kHost, "The key file " + path + " can be read or written by others.",
                "Run: chmod 600 " + path);
  }
  return {};
}

Result<Keys> ParseKeys(std::string_view text, const std::string& path) {
  const auto damaged = [&] {
    return Fail(ErrorKind::kHost, "The key file " + path + " is damaged.",
                "Restore it from a backup, or remove it and enrol again.");
  };
  if (text.starts_with("picube-keys ") && !text.starts_with(kFirstLine)) {
    return Fail(ErrorKind::kHost, "The key file " + path + " has a version unknown here.",
                "Use a newer version of this program.");
  }
  if (!text.starts_with(kFirstLine)) return damaged();
  std::string_view rest = text.substr(kFirstLine.size());
  Secret<32> transport;
  Secret<32> seed;
  Digest check;
  if (!TakeLine(rest, "transport", transport.Data())) return damaged();
  if (!TakeLine(rest, "signing", seed.Data())) return damaged();
  const std::string_view checked = text.substr(0, text.size() - rest.size());
  if (!TakeLine(rest, "check", check.bytes.data()) || !rest.empty()) return damaged();
  if (Hash(checked) != check) return damaged();

  Keys keys;
  keys.transport = TransportKeysOf(std::move(transport));
  if (crypto_sign_seed_keypair(keys.signing.key.bytes.data(), keys.signing.secret.Data(),
                               seed.Data()) != 0) {
    return damaged();
  }
  return keys;
}

}  // namespace

Status SaveKeys(const std::string& path, const Keys& keys) {
  Secret<32> seed;
  if (crypto_sign_ed25519_sk_to_seed(seed.Data(), keys.signing.secret.Data()) != 0) {
    return Fail(ErrorKind::kProject, "A signing key without a seed.");
  }
  SecretText text;
  *text += kFirstLine;
  *text += "transport ";
  AppendHex(*text, keys.transport.secret.Data(), 32);
  *text += "\nsigning ";
  AppendHex(*text, seed.Data(), 32);
  *text += "\n";
  const Digest check = Hash(*text);
  *text += "check ";
  AppendHex(*text, check.bytes.data(), Digest::kSize);
  *text += "\n";

  const std::string fresh = path + ".new";
  (void)::unlink(fresh.c_str());  // of an attempt that was cut short
  {
    const Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.Get() < 0) return SystemError("write", fresh);
    if (!WriteAll(file.Get(), *text) || ::fsync(file.Get()) != 0) {
      auto error = SystemError("write", fresh);
      (void)::unlink(fresh.c_str());
      return error;
    }
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return SystemError("rename to", path);
  SyncFolderOf(path);
  return {};
}

Result<Keys> LoadKeys(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file.Get() < 0) return SystemError("open the key file", path);
  if (Status status = CheckOwnerAndMode(file.Get(), path); !status) {
    return std::unexpected(status.error());
  }
  SecretText text;
  if (!ReadAll(file.Get(), *text)) {
    return Fail(ErrorKind::kHost, "The key file " + path + " cannot be read or is too long.");
  }
  return ParseKeys(*text, path);
}

}  // namespace picube
