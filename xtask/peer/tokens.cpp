// llama-tokens: llama.cpp's tokenizers, asked for many texts at once by `cargo xtask tokenizers`.
//
//   llama-tokens ids VOCABULARY.gguf
//     of each text: the tokens without and with control tokens read in it, each without and with
//     what begins and ends a prompt
//   llama-tokens roles VOCABULARY.gguf
//     of each token one number: 1 control or unknown, 2 user-defined, 0 another; no texts are read
//   llama-tokens words VOCABULARY.gguf PRE
//     of each text: the lengths in bytes of the words that the pre-tokenizer PRE cuts it into; the
//     vocabulary is only there because there must be one (byte-level BPE, any)
//   llama-tokens classes
//     of each character from 0 to 0x10FFFF one byte, and no texts are read
//
// A text on stdin is its length in bytes and its bytes; a list on stdout is its length and its entries; every number
// has 32 bits, little endian. A class is a bit for each of number 1, letter 2, mark 4, punctuation 8, symbol 16, white
// space 32.
//
// Words and classes are nothing that the library offers, so the file they are in is compiled into this program, as it
// stands. Failure: one line on stderr, exit status 1.

#include "llama-vocab.cpp"

namespace {

[[noreturn]] void stop(const std::string & what) {
    fprintf(stderr, "llama-tokens: %s\n", what.c_str());
    exit(1);
}

bool read_text(std::string & text) {
    uint32_t length = 0;
    const size_t got = fread(&length, 1, sizeof length, stdin);
    if (got == 0) {
        return false;
    }
    text.resize(length);
    if (got != sizeof length || fread(text.data(), 1, length, stdin) != length) {
        stop("a text is cut short");
    }
    return true;
}

template <typename Entry> void write_list(const std::vector<Entry> & list) {
    static_assert(sizeof(Entry) == 4, "numbers have 32 bits");
    const uint32_t length = uint32_t(list.size());
    fwrite(&length, sizeof length, 1, stdout);
    fwrite(list.data(), sizeof(Entry), list.size(), stdout);
}

const llama_vocab & open_vocabulary(const char * path, const char * pre) {
    llama_model_kv_override overrides[2] = {};
    auto parameters = llama_model_default_params();
    parameters.vocab_only = true;
    if (pre) {
        overrides[0].tag = LLAMA_KV_OVERRIDE_TYPE_STR;
        snprintf(overrides[0].key, sizeof overrides[0].key, "%s", "tokenizer.ggml.pre");
        snprintf(overrides[0].val_str, sizeof overrides[0].val_str, "%s", pre);
        parameters.kv_overrides = overrides;
    }
    const auto model = llama_model_load_from_file(path, parameters);
    if (!model) {
        stop(std::string("cannot load ") + path + (pre ? std::string(" as ") + pre : ""));
    }
    return *llama_model_get_vocab(model);
}

void ids(const llama_vocab & vocabulary) {
    std::string text;
    while (read_text(text)) {
        for (const bool control : {false, true}) {
            for (const bool prompt : {false, true}) {
                write_list(vocabulary.tokenize(text, prompt, control));
            }
        }
    }
}

void roles(const llama_vocab & vocabulary) {
    std::vector<uint32_t> roles;
    for (uint32_t id = 0; id < vocabulary.n_tokens(); id++) {
        const int attributes = vocabulary.token_get_attr(llama_token(id));
        const bool control = attributes & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN);
        roles.push_back(control ? 1 : attributes & LLAMA_TOKEN_ATTR_USER_DEFINED ? 2 : 0);
    }
    write_list(roles);
}

void words(const llama_vocab & vocabulary) {
    const llm_tokenizer_bpe tokenizer(vocabulary);
    std::string text;
    while (read_text(text)) {
        std::vector<uint32_t> lengths;
        // Some rules are no regular expressions, and an empty text is nevertheless cut by one.
        if (!text.empty()) {
            for (const auto & word : unicode_regex_split(text, tokenizer.regex_exprs, false)) {
                if (!word.empty()) {
                    lengths.push_back(uint32_t(word.size()));
                }
            }
        }
        write_list(lengths);
    }
}

void classes() {
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        const auto flags = unicode_cpt_flags_from_cpt(c);
        putchar(flags.is_number | flags.is_letter << 1 | flags.is_accent_mark << 2 | flags.is_punctuation << 3 |
                flags.is_symbol << 4 | flags.is_whitespace << 5);
    }
}

} // namespace

int main(int count, char ** arguments) {
    const std::string command = count > 1 ? arguments[1] : "";
    llama_log_set([](ggml_log_level level, const char * text, void *) {
        if (level == GGML_LOG_LEVEL_ERROR) {
            fputs(text, stderr);
        }
    }, nullptr);
    try {
        if (command == "ids" && count == 3) {
            ids(open_vocabulary(arguments[2], nullptr));
        } else if (command == "roles" && count == 3) {
            roles(open_vocabulary(arguments[2], nullptr));
        } else if (command == "words" && count == 4) {
            words(open_vocabulary(arguments[2], arguments[3]));
        } else if (command == "classes" && count == 2) {
            classes();
        } else {
            stop("usage: llama-tokens ids VOCABULARY | roles VOCABULARY | words VOCABULARY PRE | classes");
        }
    } catch (const std::exception & error) {
        stop(error.what());
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
