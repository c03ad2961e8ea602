// Finds secrets of apitoken in files: a rule for secretlint.
//
// docs/scanning.md says what a secret looks like, and how its checksum is made.

const secret = /(?<![A-Za-z0-9_-])(idt:TKN-\d{4}-\d{4}(?:-\d{4})?:[A-Za-z0-9_-]{43})([0-9A-Za-z]{6})?(?![A-Za-z0-9_-])/g;
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

// CRC-32 as zlib has it; the text is ASCII.
function crc32(text) {
	let crc = 0xffffffff;
	for (let i = 0; i < text.length; i++) {
		crc ^= text.charCodeAt(i);
		for (let bit = 0; bit < 8; bit++) {
			crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
		}
	}
	return (crc ^ 0xffffffff) >>> 0;
}

// Six digits of base 62, the highest one first.
function checksum(text) {
	let rest = crc32(text);
	let result = '';
	for (let i = 0; i < 6; i++) {
		result = digits[rest % 62] + result;
		rest = Math.floor(rest / 62);
	}
	return result;
}

const messages = {
	SECRET: {en: () => 'secret of an API token'},
	OLD_SECRET: {en: () => 'what may be a secret of an API token, of the form without a checksum'}
};

export const creator = {
	messages,
	meta: {id: 'secretlint-rule-apitoken', recommended: true, type: 'scanner', supportedContentTypes: ['text']},
	create(context) {
		const t = context.createTranslator(messages);
		return {
			file(source) {
				for (const match of source.content.matchAll(secret)) {
					if (match[2] !== undefined && checksum(match[1]) !== match[2]) {
						continue;
					}
					context.report({
						message: t(match[2] === undefined ? 'OLD_SECRET' : 'SECRET'),
						range: [match.index, match.index + match[0].length]
					});
				}
			}
		};
	}
};
