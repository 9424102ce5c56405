import { billOfMaterials } from './bill-of-materials.ts';

console.log(JSON.stringify(billOfMaterials(process.argv.includes('--with-node')), null, 2));
