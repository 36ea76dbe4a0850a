import { describe, expect, it } from "vitest";
import { GradusError } from "@gradus/tensor";
import { readSafetensors } from "../index.ts";
import { file, tensor } from "./header-file.test.support.ts";

const huge = Number.MAX_SAFE_INTEGER;
const text = (name: string) => new TextEncoder().encode(name);

/** Every form a reader must refuse. A value is a header over 4 bytes of data, or the bytes of a whole file. */
const rejected: Record<string, string | Uint8Array> = {
  "empty file": new Uint8Array(0),
  "nine bytes": new Uint8Array(9),
  "length of 0": file("", 8),
  "length beyond the file": new Uint8Array([200, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d]),
  "length beyond 100 MB": new Uint8Array([0, 0xe1, 0xf5, 0x06, 0, 0, 0, 0, 0x7b, 0x7d]),
  "length of 2^64 - 1": new Uint8Array([255, 255, 255, 255, 255, 255, 255, 255, 0x7b, 0x7d]),
  "a zip archive": new Uint8Array([0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0, 0, 0]),
  "a pickle": new Uint8Array([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20]),
  "an array": "[]",
  "leading space": ' {"a":1}',
  "leading byte order mark": "\ufeff{}",
  "unclosed object": '{"a":{"dtype":"U8"',
  "text after the header": `${tensor("a", "U8", "[4]", "[0,4]")}x`,
  "newline after the header": `${tensor("a", "U8", "[4]", "[0,4]")}\n`,
  "trailing comma": '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},}',
  "trailing comma in a shape": tensor("a", "U8", "[4,]", "[0,4]"),
  comment: '{/**/"a":1}',
  "single quotes": "{'a':1}",
  "number for a tensor": '{"a":1}',
  "deep nesting": `{"a":${"[".repeat(1000)}`,
  "null for a dtype": '{"a":{"dtype":null,"shape":[4],"data_offsets":[0,4]}}',
  "the same tensor twice": '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
  "the same tensor twice, once escaped":
    '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"\\u0061":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
  "the same field twice": '{"a":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}}',
  "the same metadata twice": '{"__metadata__":{"x":"1","x":"2"}}',
  "two metadata": '{"__metadata__":{},"__metadata__":{}}',
  "metadata with a number": '{"__metadata__":{"x":1}}',
  "metadata with an object": '{"__metadata__":{"x":{}}}',
  "missing field": '{"a":{"dtype":"U8","shape":[4]}}',
  "unknown field": '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"strides":[1]}}',
  "unknown dtype": tensor("a", "Q3", "[4]", "[0,4]"),
  "dtype named like a method": tensor("a", "constructor", "[4]", "[0,4]"),
  "lower-case dtype": tensor("a", "u8", "[4]", "[0,4]"),
  "negative size": tensor("a", "U8", "[-4]", "[0,4]"),
  fraction: tensor("a", "U8", "[4.0]", "[0,4]"),
  exponent: tensor("a", "U8", "[4e0]", "[0,4]"),
  "leading zero": tensor("a", "U8", "[04]", "[0,4]"),
  "plus sign": tensor("a", "U8", "[+4]", "[0,4]"),
  "2^53": tensor("a", "U8", `[${huge + 1}]`, `[0,${huge + 1}]`),
  "2^53 with a 1 at the end, which rounds": tensor("a", "U8", "[9007199254740993]", "[0,9007199254740993]"),
  "a number of 400 digits": tensor("a", "U8", `[1${"0".repeat(399)}]`, "[0,4]"),
  "product beyond 2^53": tensor("a", "F32", `[${huge},${huge}]`, "[0,4]"),
  "product beyond 2^53 times 0": tensor("a", "U8", `[${huge},${huge},0]`, "[0,0]"),
  "one offset": tensor("a", "U8", "[4]", "[4]"),
  "three offsets": tensor("a", "U8", "[4]", "[0,4,4]"),
  "end before begin": tensor("a", "U8", "[4]", "[4,0]"),
  "offsets longer than the shape": tensor("a", "U8", "[3]", "[0,4]"),
  "too many axes": tensor("a", "U8", `[${"1,".repeat(64)}4]`, "[0,4]"),
  "hole at the start": tensor("a", "U8", "[3]", "[1,4]"),
  "hole between": '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}',
  overlap: '{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}',
  "data cut short": tensor("a", "U8", "[5]", "[0,5]"),
  "data left over": tensor("a", "U8", "[3]", "[0,3]"),
  "no tensor over data": "{}",
  "invalid UTF-8": file(new Uint8Array([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]), 4),
  "overlong UTF-8": file(new Uint8Array([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]), 4),
  "UTF-8 of a surrogate": file(new Uint8Array([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]), 4),
  "escaped half of a pair": '{"\\ud800":1}',
  "bare newline in a name": '{"a\nb":1}',
  "unknown escape": '{"\\x41":1}',
  "short \\u escape": '{"\\u41":1}',
  "name that ends the header": '{"a\\',
  "long and hostile name": `{"\u001b[31m${"a".repeat(1000)}":1}`.replace("\u001b", "\\u001b\u202e"),
};

describe("readSafetensors refuses", () => {
  it("every malformed file with a code and a sentence", async () => {
    const table: string[] = [];
    for (const [label, given] of Object.entries(rejected)) {
      const bytes = typeof given === "string" ? file(text(given), 4) : given;
      const error = await readSafetensors(bytes).then(
        () => "accepted",
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof GradusError)) throw new Error(`${label}: ${String(error)}`, { cause: error });
      table.push(`${label} | ${error.code} | ${error.sentence}`);
    }
    expect(table.join("\n")).toMatchInlineSnapshot(`
      "empty file | safetensors/too-short | the file has 0 bytes, fewer than the 10 of the smallest safetensors file
      nine bytes | safetensors/too-short | the file has 9 bytes, fewer than the 10 of the smallest safetensors file
      length of 0 | safetensors/header-length | the header claims 0 bytes, fewer than the 2 of {}
      length beyond the file | safetensors/header-length | the header claims 200 bytes and the file has 2 after its length
      length beyond 100 MB | safetensors/header-length | the header claims 116777216 bytes, beyond the format's 100000000
      length of 2^64 - 1 | safetensors/header-length | the header claims 18446744073709552000 bytes, beyond the format's 100000000
      a zip archive | format/pickle | this is a zip archive, as PyTorch writes its .pt files: they hold code and are never read
      a pickle | format/pickle | this is a Python pickle, as older PyTorch writes its .pt files: they hold code and are never read
      an array | safetensors/header-start | the header does not begin with {
      leading space | safetensors/header-start | the header does not begin with {
      leading byte order mark | safetensors/header-start | the header does not begin with {
      unclosed object | safetensors/syntax | the header ends where it needs , or } in the tensor "a"
      text after the header | safetensors/syntax | something other than spaces follows the header's closing }
      newline after the header | safetensors/syntax | something other than spaces follows the header's closing }
      trailing comma | safetensors/syntax | expected the string of a key of the header
      trailing comma in a shape | safetensors/integer | the shape of the tensor "a" needs whole numbers without sign, fraction or exponent
      comment | safetensors/syntax | expected the string of a key of the header
      single quotes | safetensors/syntax | expected the string of a key of the header
      number for a tensor | safetensors/syntax | expected { of the tensor "a"
      deep nesting | safetensors/syntax | expected { of the tensor "a"
      null for a dtype | safetensors/syntax | expected the string of the dtype of the tensor "a"
      the same tensor twice | safetensors/duplicate-key | the key "a" appears twice in the header
      the same tensor twice, once escaped | safetensors/duplicate-key | the key "a" appears twice in the header
      the same field twice | safetensors/duplicate-key | the key "dtype" appears twice in the tensor "a"
      the same metadata twice | safetensors/duplicate-key | the key "x" appears twice in __metadata__
      two metadata | safetensors/duplicate-key | the key "__metadata__" appears twice in the header
      metadata with a number | safetensors/syntax | expected the string of the metadata "x"
      metadata with an object | safetensors/syntax | expected the string of the metadata "x"
      missing field | safetensors/missing-key | the tensor "a" lacks its dtype, shape or data_offsets
      unknown field | safetensors/unknown-key | the tensor "a" has the key "strides", which the format does not know
      unknown dtype | safetensors/dtype | the tensor "a" has the unknown dtype "Q3"
      dtype named like a method | safetensors/dtype | the tensor "a" has the unknown dtype "constructor"
      lower-case dtype | safetensors/dtype | the tensor "a" has the unknown dtype "u8"
      negative size | safetensors/integer | the shape of the tensor "a" needs whole numbers without sign, fraction or exponent
      fraction | safetensors/integer | the shape of the tensor "a" needs whole numbers without sign, fraction or exponent
      exponent | safetensors/integer | the shape of the tensor "a" needs whole numbers without sign, fraction or exponent
      leading zero | safetensors/integer | a number in the shape of the tensor "a" begins with 0
      plus sign | safetensors/integer | the shape of the tensor "a" needs whole numbers without sign, fraction or exponent
      2^53 | safetensors/integer | a number in the shape of the tensor "a" is above 2^53 - 1
      2^53 with a 1 at the end, which rounds | safetensors/integer | a number in the shape of the tensor "a" is above 2^53 - 1
      a number of 400 digits | safetensors/integer | a number in the shape of the tensor "a" is above 2^53 - 1
      product beyond 2^53 | safetensors/overflow | the tensor "a" has the shape [9007199254740991, 9007199254740991], whose bytes pass 2^53
      product beyond 2^53 times 0 | safetensors/overflow | the tensor "a" has the shape [9007199254740991, 9007199254740991, 0], whose bytes pass 2^53
      one offset | safetensors/offsets | the tensor "a" needs two data_offsets
      three offsets | safetensors/too-many | the data_offsets of the tensor "a" has more than 2 numbers
      end before begin | safetensors/offsets | the tensor "a" ends at 0, before its begin at 4
      offsets longer than the shape | safetensors/size | the tensor "a" of U8 [3] takes 3 bytes and its data_offsets span 4
      too many axes | safetensors/too-many | the shape of the tensor "a" has more than 64 numbers
      hole at the start | safetensors/hole | the tensor "a" begins at 1: 1 bytes before it belong to no tensor
      hole between | safetensors/hole | the tensor "b" begins at 2: 1 bytes before it belong to no tensor
      overlap | safetensors/overlap | the tensor "b" begins at 2: it shares bytes with another tensor
      data cut short | safetensors/truncated | the tensors need 5 bytes of data and the file has 4
      data left over | safetensors/trailing | the file has 4 bytes of data and its tensors cover 3
      no tensor over data | safetensors/trailing | the file has 4 bytes of data and its tensors cover 0
      invalid UTF-8 | safetensors/utf8 | a string is not valid UTF-8
      overlong UTF-8 | safetensors/utf8 | a string is not valid UTF-8
      UTF-8 of a surrogate | safetensors/utf8 | a string is not valid UTF-8
      escaped half of a pair | safetensors/utf8 | a key of the header holds half of a surrogate pair
      bare newline in a name | safetensors/syntax | a key of the header holds a bare control character
      unknown escape | safetensors/syntax | a key of the header holds an unknown escape
      short \\u escape | safetensors/syntax | a key of the header holds a \\u escape without four hexadecimal digits
      name that ends the header | safetensors/syntax | a key of the header holds an unknown escape
      long and hostile name | safetensors/syntax | expected { of the tensor "\\u001b\\u202e[31maaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...""
    `);
  });

  it("a pickle with the line that converts it", async () => {
    await expect(readSafetensors(new Uint8Array([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20]))).rejects
      .toThrowErrorMatchingInlineSnapshot(`
      [FormatError: this is a Python pickle, as older PyTorch writes its .pt files: they hold code and are never read
        hint: convert it with: python3 -c "import torch, safetensors.torch as s; s.save_file({k: v.contiguous() for k, v in torch.load('model.pt', map_location='cpu', weights_only=True).items()}, 'model.safetensors')"
        code: format/pickle]
    `);
  });
});
