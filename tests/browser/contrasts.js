// What a person must be able to tell from its ground: [contrast, what it is] of all text and of every sign of a cell.
() => {
  const channels = (text) => text.match(/[\d.]+/g).map(Number);
  const over = (top, below) => {
    const alpha = top[3] ?? 1;
    return [0, 1, 2].map((each) => top[each] * alpha + below[each] * (1 - alpha));
  };
  const linear = (channel) => (channel <= 10.31475 ? channel / 3294.6 : ((channel / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  const ratio = (ink, ground) => {
    const [lighter, darker] = [luminance(over(ink, ground)), luminance(ground)].sort((a, b) => b - a);
    return (lighter + 0.05) / (darker + 0.05);
  };
  const groundOf = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) layers.unshift(getComputedStyle(each).backgroundColor);
    return layers.reduce((below, top) => over(channels(top), below), [255, 255, 255]);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    const hasText = [...element.childNodes].some((each) => each.nodeType === Node.TEXT_NODE && each.data.trim());
    if (hasText && element.checkVisibility() && !element.closest(":disabled, svg") && style.fontSize !== "0px") {
      const what = `${element.tagName}.${element.className}: ${element.textContent.slice(0, 40)}`;
      found.push([ratio(channels(style.color), groundOf(element)), what]);
    }
    if (element.matches("#map td[class]")) {
      const sign = getComputedStyle(element, "::before");
      const ground = over(channels(sign.backgroundColor), groundOf(element));
      found.push([ratio(channels(sign.color), ground), `cell ${element.className}`]);
    }
  }
  return found;
}
